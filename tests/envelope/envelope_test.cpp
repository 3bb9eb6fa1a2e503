#include "envelope/envelope.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/envelope/allocations.h"
#include "tests/envelope/hex.h"

using namespace jetway;
using namespace jetway::envelope;
using test::hex;
using test::to_hex;

namespace {

bool is_envelope(base::ByteView body) {
    EnvelopeView view;
    return read_envelope(body, view) == nullptr;
}

// A map of `destination` and of one more key.
base::Bytes envelope_with(std::string_view key, base::ByteView value) {
    base::Bytes body;
    Packer(body).map(2).text("destination").text("gpu").text(key).raw(value);
    return body;
}

base::Bytes full_envelope(const base::Bytes& data) {
    const base::Bytes id = hex("01");
    const base::Bytes in_reply_to = hex("c4 02 0102");
    const base::Bytes headers = hex("81 a1 6b a1 76");
    const ErrorFields error = {
        .code = "no-route", .message = "m", .at = "machine-a", .destination = "gpu@c"};
    base::Bytes body;
    append_envelope(body, {.source = "pty@machine-a",
                           .destination = "gpu@machine-c",
                           .reply_to = "display@machine-a",
                           .id = id,
                           .in_reply_to = in_reply_to,
                           .headers = headers,
                           .error = &error,
                           .data = data});
    return body;
}

}  // namespace

TEST_SUITE("envelope.envelope") {
    TEST_CASE("an envelope is written with the bytes of the protocol page, data last") {
        const base::Bytes id = hex("05");
        const base::Bytes data = hex("a2 6869");
        base::Bytes body;
        append_envelope(body, {.source = "a@m",
                               .destination = "b",
                               .reply_to = "c@n",
                               .id = id,
                               .in_reply_to = {},
                               .headers = {},
                               .error = nullptr,
                               .data = data});
        CHECK(to_hex(body) == to_hex(hex("85"
                                         "a6 736f75726365 a3 61406d"
                                         "ab 64657374696e6174696f6e a1 62"
                                         "a7 7265706c79546f a3 63406e"
                                         "a2 6964 05"
                                         "a4 64617461 a2 6869")));
    }

    TEST_CASE("every key that was written is read, and the error map with it") {
        const base::Bytes body = full_envelope(hex("93 01 02 03"));
        EnvelopeView view;
        REQUIRE(read_envelope(body, view) == nullptr);
        CHECK(view.source == "pty@machine-a");
        CHECK(view.destination == "gpu@machine-c");
        CHECK(view.reply_to == "display@machine-a");
        CHECK(to_hex(view.id) == "01");
        CHECK(to_hex(view.in_reply_to) == "c4020102");
        CHECK(to_hex(view.headers) == "81a16ba176");
        CHECK(to_hex(view.data) == "93010203");
        CHECK(view.entries == 8);
        CHECK(view.first_entry == 1);
        CHECK(view.answer_to() == "display@machine-a");
        CHECK(view.is_answer());
        const ErrorFields error = read_error(view.error);
        CHECK(error.code == "no-route");
        CHECK(error.message == "m");
        CHECK(error.at == "machine-a");
        CHECK(error.destination == "gpu@c");
    }

    TEST_CASE("an answer goes to replyTo, or to source where there is none, or nowhere") {
        EnvelopeView view;
        const base::Bytes body = envelope_with("source", hex("a3 61406d"));
        REQUIRE(read_envelope(body, view) == nullptr);
        CHECK(view.answer_to() == "a@m");
        CHECK_FALSE(view.is_answer());
        const base::Bytes bare = test::map_of("destination", hex("a1 62"));
        REQUIRE(read_envelope(bare, view) == nullptr);
        CHECK(view.answer_to().empty());
    }

    TEST_CASE("an envelope cut at any byte is refused, but within data that comes last") {
        const base::Bytes data = hex("a5 68656c6c6f");
        const base::Bytes body = full_envelope(data);
        for (std::size_t size = 0; size < body.size(); ++size) {
            CAPTURE(size);
            const base::Bytes cut(body.begin(), body.begin() + static_cast<long>(size));
            CHECK(is_envelope(cut) == (size > body.size() - data.size()));
        }
    }

    TEST_CASE("each known key takes its own types only") {
        const std::map<std::string_view, std::vector<std::string_view>> allowed = {
            {"source", {"str"}},
            {"destination", {"str"}},
            {"replyTo", {"str"}},
            {"id", {"str", "empty str", "bin", "uint"}},
            {"inReplyTo", {"str", "empty str", "bin", "uint"}},
            {"error", {"map"}},
            {"headers", {}}};
        for (const auto& [key, types] : allowed) {
            for (const test::Sample& sample : test::samples()) {
                CAPTURE(key);
                CAPTURE(sample.type);
                bool expected = false;
                for (const std::string_view type : types) {
                    expected = expected || type == sample.type;
                }
                const base::Bytes body = key == "destination" ? test::map_of(key, sample.value)
                                                              : envelope_with(key, sample.value);
                CHECK(is_envelope(body) == expected);
            }
        }
    }

    TEST_CASE("headers are a map of str to str") {
        CHECK(is_envelope(envelope_with("headers", hex("80"))));
        CHECK(is_envelope(envelope_with("headers", hex("82 a1 61 a1 62 a1 63 a0"))));
        for (const char* bad :
             {"81 01 a1 61", "81 a1 61 01", "81 a1 61 c0", "81 a1 61 81 a1 61 a1 62",
              "82 a1 61 a1 62", "df ffffffff", "91 a1 61"}) {
            CAPTURE(bad);
            CHECK_FALSE(is_envelope(envelope_with("headers", hex(bad))));
        }
    }

    TEST_CASE("a known key that stands twice is refused") {
        const std::map<std::string_view, base::Bytes> values = {
            {"source", hex("a1 61")},  {"destination", hex("a1 61")},
            {"replyTo", hex("a1 61")}, {"id", hex("01")},
            {"inReplyTo", hex("01")},  {"headers", hex("80")},
            {"error", hex("80")},      {"data", hex("c0")}};
        for (const auto& [key, value] : values) {
            CAPTURE(key);
            base::Bytes body;
            Packer packer(body);
            packer.map(key == "destination" ? 2 : 3);
            packer.text(key).raw(value).text(key).raw(value);
            if (key != "destination") {
                packer.text("destination").text("gpu");
            }
            CHECK_FALSE(is_envelope(body));
        }
    }

    TEST_CASE("what is no map, has no destination, or is followed by bytes is refused") {
        for (const test::Sample& sample : test::samples()) {
            CAPTURE(sample.type);
            CHECK_FALSE(is_envelope(sample.value));
        }
        CHECK_FALSE(is_envelope(hex("80")));
        CHECK_FALSE(is_envelope(base::ByteView{}));
        CHECK_FALSE(is_envelope(test::map_of("data", hex("c0"))));
        CHECK_FALSE(
            is_envelope(test::joined(test::map_of("destination", hex("a1 61")), hex("c0"))));
        CHECK_FALSE(is_envelope(hex("81 01 02")));
        CHECK_FALSE(is_envelope(hex("df ffffffff ab 64657374696e6174696f6e a1 61")));
    }

    TEST_CASE("an unknown key is stepped over, 10,000 deep as well, without allocating") {
        const base::Bytes body = envelope_with("later", test::nested(10'000));
        EnvelopeView view;
        const char* wrong = "";
        CHECK(test::allocations_of([&] { wrong = read_envelope(body, view); }).calls == 0);
        CHECK(wrong == nullptr);
        CHECK_FALSE(is_envelope(envelope_with("later", base::Bytes(10'000, 0x91))));
        CHECK_FALSE(is_envelope(envelope_with("error", test::nested(10'000))));
        CHECK_FALSE(is_envelope(envelope_with("id", test::nested(10'000))));
    }

    TEST_CASE("data that comes last is not looked into: anything at all is taken as opaque") {
        for (const base::Bytes& data : {hex("c1"), hex("dd ffffffff"), hex("a5 61"),
                                        hex("01 02 03"), base::Bytes(1'000'000, 0x91)}) {
            const base::Bytes body = envelope_with("data", data);
            EnvelopeView view;
            REQUIRE(read_envelope(body, view) == nullptr);
            CHECK(view.data.size() == data.size());
            CHECK(view.data.data() == body.data() + body.size() - data.size());
        }
        CHECK_FALSE(is_envelope(envelope_with("data", {})));
    }

    TEST_CASE("data before other keys is stepped over, and refused where it is no value") {
        const auto data_first = [](base::ByteView data) {
            base::Bytes body;
            Packer(body).map(2).text("data").raw(data).text("destination").text("gpu");
            return body;
        };
        const base::Bytes body = data_first(hex("92 01 a1 61"));
        EnvelopeView view;
        REQUIRE(read_envelope(body, view) == nullptr);
        CHECK(to_hex(view.data) == "9201a161");
        CHECK(view.destination == "gpu");
        CHECK_FALSE(is_envelope(data_first(hex("c1"))));
        CHECK_FALSE(is_envelope(data_first(hex("dd ffffffff"))));
        CHECK_FALSE(is_envelope(test::joined(data_first(hex("c0")), hex("c0"))));
    }

    TEST_CASE("reading an envelope allocates nothing") {
        const base::Bytes body = full_envelope(base::Bytes(64, 0x01));
        EnvelopeView view;
        const char* wrong = "";
        CHECK(test::allocations_of([&] { wrong = read_envelope(body, view); }).calls == 0);
        CHECK(wrong == nullptr);
    }

    TEST_CASE(
        "a source is put before the other keys, which stay byte for byte, at every map size") {
        for (const std::size_t keys : {1U, 14U, 15U, 16U, 300U}) {
            base::Bytes body;
            Packer packer(body);
            packer.map(keys).text("destination").text("gpu");
            for (std::size_t i = 1; i < keys; ++i) {
                packer.text("k" + std::to_string(i)).number(i);
            }
            EnvelopeView view;
            REQUIRE(read_envelope(body, view) == nullptr);
            base::Bytes sourced;
            append_with_source(sourced, body, view, "client-1@m");
            EnvelopeView again;
            REQUIRE(read_envelope(sourced, again) == nullptr);
            CHECK(again.source == "client-1@m");
            CHECK(again.entries == keys + 1);
            const base::ByteView rest = base::ByteView(body).subspan(view.first_entry);
            CHECK(to_hex(base::ByteView(sourced).last(rest.size())) == to_hex(rest));
        }
    }

    TEST_CASE("an empty source is refused, so that none is ever added beside one") {
        CHECK_FALSE(is_envelope(envelope_with("source", hex("a0"))));
        CHECK_FALSE(is_envelope(envelope_with("replyTo", hex("a0"))));
        CHECK_FALSE(is_envelope(envelope_with("replyTo", hex("d9 00"))));
    }

    TEST_CASE("a header is found by its name, and nothing where the map is none") {
        const base::Bytes headers = hex("82 a1 61 a1 78 a4 75736572 a3 616461");
        CHECK(find_header(headers, "user") == "ada");
        CHECK(find_header(headers, "a") == "x");
        CHECK(find_header(headers, "b").empty());
        CHECK(find_header({}, "user").empty());
        CHECK(find_header(hex("c0"), "user").empty());
        CHECK(find_header(hex("81 a4 75736572 07"), "user").empty());
        CHECK(find_header(hex("82 a1 61 a1 78 a4 7573"), "user").empty());
        CHECK(find_header(hex("df ffffffff a1 61 a1 78"), "user").empty());
    }

    TEST_CASE("an error map reads as far as it is well formed") {
        CHECK(read_error(hex("c0")).code.empty());
        CHECK(read_error({}).code.empty());
        CHECK(read_error(hex("82 a4 636f6465 07 a2 6174 a1 6d")).at == "m");
        CHECK(read_error(hex("82 a4 636f6465 07 a2 6174 a1 6d")).code.empty());
        CHECK(read_error(hex("82 a4 636f6465 a1 78 a2 6174 a5 6d")).code == "x");
        CHECK(read_error(hex("df ffffffff")).code.empty());
    }
}
