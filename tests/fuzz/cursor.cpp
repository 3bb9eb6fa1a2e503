// Cursor against msgpack-c: what one takes for a whole value, the other does. And every read_… on
// every value: one that fails moves nothing.
#include "envelope/cursor.h"

#include <msgpack.hpp>

#include "envelope/packer.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using envelope::Cursor;

// The size of the whole value that msgpack-c finds at the start; 0: none.
std::size_t parsed(base::ByteView bytes) {
    msgpack::null_visitor visitor;
    std::size_t offset = 0;
    const std::string_view text = base::as_text(bytes);
    return !bytes.empty() && msgpack::parse(text.data(), text.size(), offset, visitor) ? offset : 0;
}

template <typename Value, typename Read>
bool tries(Cursor& cursor, Value& value, Read read) {
    const std::size_t before = cursor.offset();
    const bool done = (cursor.*read)(value);
    ensure(done ? cursor.offset() > before : cursor.offset() == before,
           "a read that fails moves nothing");
    return done;
}

// Reads what is next as what it is, and as all that it isn't.
void step(Cursor& cursor, base::ByteView bytes) {
    const Cursor::Type type = cursor.type();
    std::uint32_t count = 0;
    std::string_view text;
    base::ByteView binary;
    std::uint64_t number = 0;
    bool boolean = false;
    if (tries(cursor, count, &Cursor::read_map)) {
        ensure(type == Cursor::Type::map, "only a map is read as one");
    } else if (tries(cursor, count, &Cursor::read_array)) {
        ensure(type == Cursor::Type::array, "only an array is read as one");
    } else if (tries(cursor, text, &Cursor::read_text)) {
        ensure(type == Cursor::Type::text && within(text, bytes), "text lies in the bytes");
    } else if (tries(cursor, binary, &Cursor::read_binary)) {
        ensure(type == Cursor::Type::binary && within(binary, bytes), "bin lies in the bytes");
    } else if (tries(cursor, number, &Cursor::read_unsigned)) {
        ensure(type == Cursor::Type::integer, "only an integer is read as one");
        base::Bytes again;
        envelope::Packer(again).number(number);
        std::uint64_t same = 0;
        ensure(Cursor(again).read_unsigned(same) && same == number, "an integer comes back");
    } else if (tries(cursor, boolean, &Cursor::read_boolean)) {
        ensure(type == Cursor::Type::boolean, "only a boolean is read as one");
    }
}

}  // namespace

void cursor(base::ByteView bytes) {
    Cursor whole(bytes);
    base::ByteView raw;
    const bool read = whole.read_raw(raw);
    ensure((read ? raw.size() : 0) == parsed(bytes), "Cursor and msgpack-c find the same value");
    ensure(!read || whole.offset() == raw.size(), "a value that was read is passed");

    Cursor at(bytes);
    std::size_t before = 0;
    do {
        before = at.offset();
        step(at, bytes);
        if (at.offset() == before) {
            const std::size_t value = parsed(bytes.subspan(before));
            ensure(at.skip() == (value != 0), "skip takes what is whole");
            ensure(at.offset() == before + value, "and no more");
        }
        ensure(at.rest().size() == bytes.size() - at.offset(), "the rest begins where it stands");
    } while (at.offset() != before);
}

}  // namespace jetway::fuzz
