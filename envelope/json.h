// msgpack values as JSON, and back, for people and scripts.
//
// JSON has no byte strings and no keys but text, so the way from msgpack to JSON changes some
// values: bin becomes {"base64": "…"}, an extension {"extension": type, "base64": "…"}, and a key
// that is no text becomes the JSON of it. What comes from the wire may be anything: depth and
// number of values are bounded, and nothing is thrown.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace jetway::envelope {

using Json = nlohmann::ordered_json;

inline constexpr std::size_t max_json_depth = 100;
inline constexpr std::size_t max_json_values = 1'000'000;
inline constexpr std::size_t max_json_key_text = std::size_t{4} << 20U;  // of keys that are no text

// The one msgpack value in `raw`. Errors have code `bad-data`.
base::Result<Json> to_json(base::ByteView raw);

// Appends the value as msgpack.
void append_json(base::Bytes& to, const Json& value);

// Reads JSON text; errors have code `bad-data` and say where it went wrong. Bounded in depth as
// above.
base::Result<Json> parse_json(std::string_view text);

// One line of JSON text. Text that is not UTF-8 has its wrong bytes replaced.
std::string write_json(const Json& value);

std::string base64(base::ByteView bytes);

}  // namespace jetway::envelope
