// The answers of control requests as texts for scripts: fields separated by blanks, no header.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace jetway::ninep {

using Json = nlohmann::ordered_json;

// A line for each element of the array at `key`: its values in their order, lists joined by commas,
// `-` for what is empty, `_` for blanks within a value.
std::string rows_text(const Json& answer, std::string_view key);

// A line for each value, `key value`; those of a map within as `key.inner value`. The schema is
// left out.
std::string fields_text(const Json& answer);

}  // namespace jetway::ninep
