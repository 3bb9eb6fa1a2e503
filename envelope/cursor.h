// Cursor: reads msgpack values one after the other, in place.
//
// Promises: never reads outside the bytes it was given, allocates nothing, and takes the same small
// stack for any nesting, so that no input can exhaust memory. Every read_… returns false, and moves
// nothing it could be asked about again, when the next value is not of that type or is cut short.
// Writing is msgpack-c's packer (packer.h); this exists because msgpack-c's parser allocates a
// stack for every value that it reads, which a router would pay on every frame.
//
// Format: https://github.com/msgpack/msgpack/blob/master/spec.md
#pragma once

#include "base/bytes.h"

namespace jetway::envelope {

class Cursor {
public:
    explicit Cursor(base::ByteView bytes) : bytes_(bytes) {}

    enum class Type { nil, boolean, integer, real, text, binary, array, map, extension, none };

    // The type of the next value; `none` at the end and for the byte that the format never uses.
    Type type() const;

    bool read_map(std::uint32_t& entries) {
        if (at_ < bytes_.size() && (bytes_[at_] & 0xf0U) == 0x80U) {  // up to 15 entries
            entries = bytes_[at_++] & 0x0fU;
            return true;
        }
        return read_long_map(entries);
    }
    bool read_array(std::uint32_t& elements);
    bool read_text(std::string_view& text) {
        if (at_ < bytes_.size()) {  // short text, which nearly every key and name is
            const std::uint8_t first = bytes_[at_];
            const std::size_t size = first & 0x1fU;
            if ((first & 0xe0U) == 0xa0U && size < bytes_.size() - at_) {
                text = base::as_text(bytes_.subspan(at_ + 1, size));
                at_ += 1 + size;
                return true;
            }
        }
        return read_long_text(text);
    }
    bool read_binary(base::ByteView& bytes);
    bool read_unsigned(
        std::uint64_t& value);  // any integer encoding of a value that is not negative
    bool read_boolean(bool& value);

    // Moves over one whole value, whatever it is.
    bool skip();

    // Moves over one whole value and gives its bytes.
    bool read_raw(base::ByteView& raw);

    bool at_end() const { return at_ == bytes_.size(); }
    std::size_t offset() const { return at_; }

    // The bytes that have not been read yet.
    base::ByteView rest() const { return bytes_.subspan(at_); }

private:
    // Reads the head of any value: how many bytes of payload follow it, and how many values.
    struct Head {
        Type type = Type::none;
        std::uint64_t payload = 0;
        std::uint64_t children = 0;
        std::size_t size = 0;
    };
    bool read_head(Head& head) const;
    bool take(Type type, Head& head);
    bool read_long_text(std::string_view& text);
    bool read_long_map(std::uint32_t& entries);

    base::ByteView bytes_;
    std::size_t at_ = 0;
};

}  // namespace jetway::envelope
