#include "envelope/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "envelope/packer.h"

namespace jetway::envelope {

namespace {

std::string shown(const base::Bytes& raw) {
    const base::Result<Json> value = to_json(raw);
    return value ? write_json(*value) : "error: " + value.error().detail;
}

}  // namespace

TEST_SUITE("envelope.json") {
    TEST_CASE("msgpack and JSON agree on what both have") {
        for (const char* text :
             {"null", "true", "0", "127", "-1", "-129", "65536", "18446744073709551615",
              "-9223372036854775808", "0.5", "\"\"", "\"grüße\"", "[]", "{}", "[1,[2,[]],{}]",
              R"({"z":1,"a":{"n":[null,false]},"m":-3})"}) {
            CAPTURE(text);
            const base::Result<Json> value = parse_json(text);
            REQUIRE(value);
            base::Bytes raw;
            append_json(raw, *value);
            CHECK(shown(raw) == text);
        }
    }

    TEST_CASE("bytes, extensions and keys that are no text are shown in JSON's terms") {
        CHECK(shown({0xc4, 0x03, 'a', 'b', 'c'}) == R"({"base64":"YWJj"})");
        CHECK(shown({0xd4, 0xff, 0x01}) == R"({"extension":-1,"base64":"AQ=="})");
        CHECK(shown({0x82, 0x01, 0xc3, 0x92, 0x02, 0xc0, 0xa1, 'x'}) ==
              R"({"1":true,"[2,null]":"x"})");
        CHECK(shown({0xca, 0x3f, 0x00, 0x00, 0x00}) == "0.5");
    }

    TEST_CASE("text that is not UTF-8 has its wrong bytes replaced") {
        CHECK(shown({0xa3, 'a', 0xff, 'b'}) ==
              "\"a\xef\xbf\xbd"
              "b\"");
    }

    TEST_CASE("what is cut, empty, followed by more, or of no type is an error") {
        base::Bytes whole;
        append_json(whole, Json{{"key", {1, "two", 3.5, -400}}, {"other", nullptr}});
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CHECK_FALSE(to_json(base::ByteView(whole).first(size)));
        }
        whole.push_back(0xc0);
        CHECK_FALSE(to_json(whole));
        CHECK_FALSE(to_json(base::Bytes{0xc1}));
        CHECK_FALSE(to_json(base::Bytes{0xdd, 0xff, 0xff, 0xff, 0xff}));
        CHECK_FALSE(to_json(base::Bytes{0xdf, 0xff, 0xff, 0xff, 0xff}));
    }

    TEST_CASE("no depth of nesting is too much to refuse") {
        CHECK_FALSE(to_json(base::Bytes(1'000'000, 0x91)));
        CHECK_FALSE(to_json(base::Bytes(1'000'000, 0x81)));
        CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
        base::Bytes deep(max_json_depth, 0x91);
        deep.push_back(0xc0);
        CHECK(to_json(deep));
        CHECK(parse_json("[\"" + std::string(1'000, '[') + "\\\"\"]"));
    }

    TEST_CASE("more values than can be shown are refused") {
        base::Bytes many{0xdd, 0x00, 0x20, 0x00, 0x00};
        many.resize(5 + 0x200000, 0xc0);
        CHECK_FALSE(to_json(many));
    }

    TEST_CASE("a key in a key in a key is refused before its quotes are escaped without end") {
        base::Bytes nested(60, 0x81);
        nested.insert(nested.end(), {0xa1, 'k'});
        nested.insert(nested.end(), 60, 0xc0);
        CHECK(shown(nested) == "error: its keys that are no text are too long to show");
        CHECK(shown({0x81, 0x81, 0xa1, 'k', 0xc0, 0xc0}) == R"({"{\"k\":null}":null})");
    }

    TEST_CASE("an error in JSON text says where it is") {
        const base::Result<Json> value = parse_json("{\"a\": nope}");
        REQUIRE_FALSE(value);
        CHECK(value.error().detail.find("line 1, column") != std::string::npos);
    }

    TEST_CASE("base64 pads to whole groups") {
        const auto encoded = [](std::string_view text) { return base64(base::as_bytes(text)); };
        CHECK(encoded("") == "");
        CHECK(encoded("f") == "Zg==");
        CHECK(encoded("fo") == "Zm8=");
        CHECK(encoded("foo") == "Zm9v");
        CHECK(encoded("foobar") == "Zm9vYmFy");
    }
}

}  // namespace jetway::envelope
