#include "console/line_reader.h"

#include <doctest/doctest.h>

namespace jetway::console {

namespace {

// All lines of the text, fed in pieces of that size; a line that is too long as "<too long>".
std::vector<std::string> lines_of(std::string_view text, std::size_t piece = 100'000,
                                  bool ends = false) {
    LineReader reader(16);
    std::vector<std::string> lines;
    const auto take = [&] {
        while (const auto line = reader.next()) {
            lines.push_back(line->too_long ? "<too long>" : line->text);
        }
    };
    while (!text.empty()) {
        reader.feed(base::as_bytes(text.substr(0, piece)));
        take();
        text.remove_prefix(std::min(piece, text.size()));
    }
    if (ends) {
        reader.end();
        take();
    }
    CHECK(reader.waiting() == 0);
    return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_SUITE("console.line_reader") {
    TEST_CASE("lines are the same in whatever pieces they come") {
        using namespace std::string_literals;
        struct Case {
            std::string bytes;
            Lines lines;
        };
        const Case cases[] = {
            {"status\nroutes\n", {"status", "routes"}},
            {"status\r\nroutes\r\n", {"status", "routes"}},
            {"status\r\0routes\r\0"s, {"status", "routes"}},
            {"\n\n", {"", ""}},
            {"\r\n\r\n", {"", ""}},
            {"no end", {}},
            {"0123456789abcdef\n", {"0123456789abcdef"}},
            {"0123456789abcdefg\nnext\n", {"<too long>", "next"}},
            {"0123456789abcdefghijklmnopqrstuvwxyz0123456789\n\nx\n", {"<too long>", "", "x"}},
            {"\x1b[2J\n", {"\x1b[2J"}},
            // IAC WILL ECHO, IAC DO SUPPRESS-GO-AHEAD, IAC SB NAWS … IAC SE, IAC NOP
            {"\xff\xfb\x01st\xff\xfd\x03"
             "atus\n",
             {"status"}},
            {"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0"
             "a\n"s,
             {"a"}},
            {"a\xff\xf1"
             "b\n",
             {"ab"}},
            {"a\xff\xff\n", {"a\xff"}},
            {"half\xff\xf4whole\n", {"", "whole"}},  // Interrupt Process
        };
        for (const Case& one : cases) {
            INFO(one.bytes);
            for (const std::size_t piece : {1U, 2U, 3U, 7U, 1'000U}) {
                CHECK(lines_of(one.bytes, piece) == one.lines);
            }
        }
    }

    TEST_CASE("a megabyte without a newline is told once, at once, and not kept") {
        LineReader reader(4'096);
        const std::string chunk(65'536, 'x');
        int told = 0;
        for (int i = 0; i < 16; ++i) {
            reader.feed(base::as_bytes(chunk));
            while (const auto line = reader.next()) {
                CHECK(line->too_long);
                CHECK(i == 0);
                ++told;
            }
            CHECK(reader.waiting() == 0);
        }
        CHECK(told == 1);
        reader.feed(base::as_bytes("\nstatus\n"));
        REQUIRE(reader.next());
        CHECK_FALSE(reader.next());
    }

    TEST_CASE("a subnegotiation without an end does not swallow what is typed for ever") {
        std::string noise = "\xff\xfa";
        noise += std::string(300, 'n');
        CHECK(lines_of(noise + "\nstatus\n").back() == "status");
    }

    TEST_CASE("at the end of the input what there is of a line is one") {
        CHECK(lines_of("status", 100, true) == Lines{"status"});
        CHECK(lines_of("status\n", 100, true) == Lines{"status"});
        CHECK(lines_of("", 100, true).empty());
        // Also when none of it was read before.
        LineReader reader(100);
        reader.feed(base::as_bytes("one\ntwo\n"));
        reader.end();
        CHECK(reader.next()->text == "one");
        CHECK(reader.next()->text == "two");
        CHECK_FALSE(reader.next());
    }
}

}  // namespace jetway::console
