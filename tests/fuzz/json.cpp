// msgpack as JSON and back, and JSON text.
#include "envelope/json.h"

#include <nlohmann/json.hpp>

#include "envelope/cursor.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using base::Bytes;
using base::Result;
using envelope::Json;

void from_msgpack(base::ByteView raw) {
    const Result<Json> value = envelope::to_json(raw);
    envelope::Cursor cursor(raw);
    if (!value) {
        ensure(value.error().code == "bad-data", "what is no value is bad-data");
        return;
    }
    ensure(cursor.skip() && cursor.at_end(), "only one whole value is read");
    Bytes packed;
    envelope::append_json(packed, *value);
    const Result<Json> again = envelope::to_json(packed);
    ensure(again.has_value(), "what was read can be written");
    // A NaN is not even itself, and prints as null.
    ensure(envelope::write_json(*again) == envelope::write_json(*value), "a value comes back");
}

void from_text(std::string_view text) {
    const Result<Json> value = envelope::parse_json(text);
    if (!value) {
        ensure(value.error().code == "bad-data" && !value.error().detail.empty(),
               "what is no JSON is bad-data, and says where");
        return;
    }
    const std::string line = envelope::write_json(*value);
    ensure(line.find('\n') == std::string::npos, "JSON is written on one line");
    const Result<Json> again = envelope::parse_json(line);
    ensure(again.has_value() && envelope::write_json(*again) == line, "a line reads as it was");
    Bytes packed;
    envelope::append_json(packed, *value);
    ensure(envelope::to_json(packed).has_value(), "any JSON can be sent");
}

}  // namespace

void json(base::ByteView bytes) {
    Input input(bytes);
    const bool text = input.last() % 2 == 1;
    const base::ByteView rest = input.bytes(bytes.size());
    if (text) {
        from_text(base::as_text(rest));
    } else {
        from_msgpack(rest);
    }
}

}  // namespace jetway::fuzz
