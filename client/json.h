// msgpack values as JSON, under the names that the verbs know them by (envelope/json.h).
#pragma once

#include "envelope/json.h"

namespace jetway::client {

using envelope::append_json;
using envelope::base64;
using envelope::Json;
using envelope::max_json_depth;
using envelope::max_json_key_text;
using envelope::max_json_values;
using envelope::parse_json;
using envelope::to_json;
using envelope::write_json;

}  // namespace jetway::client
