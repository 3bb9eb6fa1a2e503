// An event of the answer to `events` as a line: when it was, what, and its fields.
//
//     12:03:04 link up peer=machine-b terminal=to-machine-b
#pragma once

#include <string>

#include "console/moment.h"
#include "envelope/json.h"

namespace jetway::console {

// Printable, without a newline; a value that has a blank, or none of its own, is between quotes.
// `now` is when the answer came.
std::string event_text(const envelope::Json& event, WallTime now, bool colour);

}  // namespace jetway::console
