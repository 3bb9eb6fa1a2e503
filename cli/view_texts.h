// The texts of the views, made of the answers to their control requests (docs/protocol.md).
#pragma once

#include <string>

#include "cli/table.h"
#include "envelope/json.h"

namespace jetway::cli {

std::string status_text(const envelope::Json& answer, bool colour);
std::string routes_text(const envelope::Json& answer, bool colour);
std::string services_text(const envelope::Json& answer, bool colour);
std::string terminals_text(const envelope::Json& answer, bool colour);
std::string neighbours_text(const envelope::Json& answer, bool colour);
// Its changes have a `time`, and the answer one of its own, which the verb adds.
std::string history_text(const envelope::Json& answer, bool colour);

// A state or health as a cell, coloured by its meaning.
Cell state_cell(const std::string& state);

}  // namespace jetway::cli
