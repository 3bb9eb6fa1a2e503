#include "cli/payload.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/show.h"

namespace jetway::cli {

namespace {

base::Bytes packed(const std::string& content, bool json = false, bool raw = false) {
    const auto result = pack_payload(content, json, raw);
    REQUIRE(result);
    return *result;
}

}  // namespace

TEST_SUITE("cli.payload") {
    TEST_CASE("text is str, --raw is bin, --json-data is the value itself") {
        CHECK(packed("hi") == base::Bytes{0xa2, 'h', 'i'});
        CHECK(packed("hi", false, true) == base::Bytes{0xc4, 0x02, 'h', 'i'});
        CHECK(packed("[1,true]", true) == base::Bytes{0x92, 0x01, 0xc3});
        CHECK(packed("") == base::Bytes{0xa0});
    }

    TEST_CASE("text that is no text, and JSON that is no JSON, are usage errors") {
        CHECK(pack_payload("\xff", false, false).error().code == "usage");
        CHECK(pack_payload("{", true, false).error().code == "usage");
    }
}

TEST_SUITE("cli.show") {
    TEST_CASE("text ends in one newline, bytes stay as they are") {
        CHECK(show_data(packed("hi"), false) == "hi\n");
        CHECK(show_data(packed("hi\n"), false) == "hi\n");
        CHECK(show_data(packed("\xff\x01", false, true), false) == "\xff\x01");
        CHECK(show_data({}, false) == "");
        CHECK(show_exactly(packed("hi")) == "hi");
    }

    TEST_CASE("a terminal gets no control characters but the ends of lines") {
        CHECK(show_data(packed("a\tb\nc\033[2J"), true) == "a\tb\nc\xef\xbf\xbd[2J\n");
        CHECK(show_data(packed("abc", false, true), true) == "abc\n");
    }

    TEST_CASE("other values are JSON") {
        CHECK(show_data(packed("{\"b\":[1]}", true), false) == "{\"b\":[1]}\n");
        CHECK(show_exactly(packed("7", true)) == "7");
    }

    TEST_CASE("a line is one line") {
        CHECK(show_line(packed("a\nb\n")) ==
              "a\xef\xbf\xbd"
              "b");
        CHECK(show_line(packed("\xff\xfe", false, true)) == "<2 bytes>");
        CHECK(show_line(packed("bytes", false, true)) == "bytes");
    }

    TEST_CASE("an envelope is an object of what it has") {
        const base::Bytes data = packed("x");
        envelope::EnvelopeView view;
        view.source = "a@m";
        view.data = data;
        CHECK(envelope::write_json(show_envelope(view)) == R"({"source":"a@m","data":"x"})");
    }
}

}  // namespace jetway::cli
