#include "envelope/cursor.h"

#include <doctest/doctest.h>

#include "tests/envelope/allocations.h"
#include "tests/envelope/hex.h"

using namespace jetway;
using envelope::Cursor;
using test::hex;

namespace {

// One value in every format of the specification.
const char* const every_format[] = {"00",
                                    "7f",
                                    "e0",
                                    "ff",
                                    "80",
                                    "81 a1 61 01",
                                    "90",
                                    "92 01 02",
                                    "a0",
                                    "a3 616263",
                                    "c0",
                                    "c2",
                                    "c3",
                                    "c4 00",
                                    "c4 02 0102",
                                    "c5 0001 01",
                                    "c6 00000001 01",
                                    "c7 01 05 aa",
                                    "c8 0001 05 aa",
                                    "c9 00000001 05 aa",
                                    "ca 00000000",
                                    "cb 0000000000000000",
                                    "cc ff",
                                    "cd ffff",
                                    "ce ffffffff",
                                    "cf ffffffffffffffff",
                                    "d0 80",
                                    "d1 8000",
                                    "d2 80000000",
                                    "d3 8000000000000000",
                                    "d4 01 02",
                                    "d5 01 0203",
                                    "d6 01 02030405",
                                    "d7 01 0203040506070809",
                                    "d8 01 02030405060708090a0b0c0d0e0f1011",
                                    "d9 01 61",
                                    "da 0001 61",
                                    "db 00000001 61",
                                    "dc 0001 01",
                                    "dd 00000001 01",
                                    "de 0001 01 02",
                                    "df 00000001 01 02"};

}  // namespace

TEST_SUITE("envelope.cursor") {
    TEST_CASE("every format is skipped to its very end, and refused when a byte of it lacks") {
        for (const char* text : every_format) {
            CAPTURE(text);
            const base::Bytes whole = hex(text);
            Cursor cursor(whole);
            CHECK(cursor.skip());
            CHECK(cursor.at_end());
            for (std::size_t size = 0; size < whole.size(); ++size) {
                const base::Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
                Cursor short_of_it(cut);
                CHECK_FALSE(short_of_it.skip());
                CHECK(short_of_it.offset() == 0);
            }
        }
    }

    TEST_CASE("the byte that the format never uses is no value") {
        const base::Bytes bytes = hex("c1 00");
        Cursor cursor(bytes);
        CHECK(cursor.type() == Cursor::Type::none);
        CHECK_FALSE(cursor.skip());
    }

    TEST_CASE("each read takes its own type only and leaves any other where it is") {
        for (const char* text : every_format) {
            CAPTURE(text);
            const base::Bytes bytes = hex(text);
            const Cursor::Type type = Cursor(bytes).type();
            std::uint32_t count = 0;
            std::uint64_t number = 0;
            std::string_view words;
            base::ByteView binary;
            bool boolean = false;
            const auto check = [&](auto read, Cursor::Type expected) {
                Cursor cursor(bytes);
                const bool done = read(cursor);
                CHECK(done == (type == expected));
                CHECK((done || cursor.offset() == 0));
            };
            check([&](Cursor& c) { return c.read_map(count); }, Cursor::Type::map);
            check([&](Cursor& c) { return c.read_array(count); }, Cursor::Type::array);
            check([&](Cursor& c) { return c.read_text(words); }, Cursor::Type::text);
            check([&](Cursor& c) { return c.read_binary(binary); }, Cursor::Type::binary);
            check([&](Cursor& c) { return c.read_boolean(boolean); }, Cursor::Type::boolean);
            if (type != Cursor::Type::integer) {
                check([&](Cursor& c) { return c.read_unsigned(number); }, Cursor::Type::integer);
            }
        }
    }

    TEST_CASE("an unsigned number is read from any integer encoding, and a negative one refused") {
        const struct {
            const char* text;
            std::uint64_t value;
        } good[] = {{"00", 0},
                    {"7f", 127},
                    {"cc ff", 255},
                    {"cd 0102", 0x102},
                    {"ce 01020304", 0x1020304},
                    {"cf ffffffffffffffff", UINT64_MAX},
                    {"d0 7f", 127},
                    {"d1 7fff", 0x7fff},
                    {"d2 00000001", 1},
                    {"d3 7fffffffffffffff", INT64_MAX}};
        for (const auto& one : good) {
            const base::Bytes bytes = hex(one.text);
            Cursor cursor(bytes);
            std::uint64_t value = 1234;
            CHECK(cursor.read_unsigned(value));
            CHECK(value == one.value);
            CHECK(cursor.at_end());
        }
        for (const char* text : {"e0", "ff", "d0 80", "d1 ffff", "d2 80000000",
                                 "d3 ffffffffffffffff", "ca 00000000", "cc", "cf 00", "c0"}) {
            const base::Bytes bytes = hex(text);
            Cursor cursor(bytes);
            std::uint64_t value = 1234;
            CHECK_FALSE(cursor.read_unsigned(value));
            CHECK(value == 1234);
            CHECK(cursor.offset() == 0);
        }
    }

    TEST_CASE("10,000 levels of nesting are skipped without allocating") {
        const base::Bytes bytes = test::nested(10'000);
        Cursor cursor(bytes);
        bool skipped = false;
        CHECK(test::allocations_of([&] { skipped = cursor.skip(); }).calls == 0);
        CHECK(skipped);
        CHECK(cursor.at_end());
        const base::Bytes cut(10'000, 0x91);
        CHECK_FALSE(Cursor(cut).skip());
    }

    TEST_CASE("huge counts and lengths are refused without allocating") {
        for (const char* text :
             {"dd ffffffff", "df ffffffff", "df ffffffff c0 c0", "db ffffffff 61", "c6 ffffffff 00",
              "c9 ffffffff 01 00", "dc ffff 00", "91 dd ffffffff", "de ffff 00 00"}) {
            CAPTURE(text);
            const base::Bytes bytes = hex(text);
            Cursor cursor(bytes);
            bool skipped = true;
            CHECK(test::allocations_of([&] { skipped = cursor.skip(); }).calls == 0);
            CHECK_FALSE(skipped);
        }
    }

    TEST_CASE("nested huge counts take no longer than their bytes") {
        base::Bytes bytes;
        for (int i = 0; i < 1000; ++i) {
            base::append(bytes, hex("df 0000ffff"));
        }
        CHECK_FALSE(Cursor(bytes).skip());
    }

    TEST_CASE("read_raw gives the bytes of one value and stands at the next") {
        const base::Bytes bytes = hex("82 a1 61 91 01 a1 62 c0 07");
        Cursor cursor(bytes);
        base::ByteView raw;
        CHECK(cursor.read_raw(raw));
        CHECK(test::to_hex(raw) == "82a1619101a162c0");
        std::uint64_t next = 0;
        CHECK(cursor.read_unsigned(next));
        CHECK(next == 7);
        CHECK(cursor.at_end());
        CHECK(cursor.rest().empty());
    }
}
