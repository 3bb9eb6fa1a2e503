// Context: what every verb is given, and where it leaves its exit code.
#pragma once

#include "cli/exit_code.h"

namespace jetway::cli {

struct Context {
    bool colour = false;       // stdout is a terminal, and NO_COLOR does not forbid it
    bool to_terminal = false;  // stdout is a terminal
    int exit_code = exit_yes;
};

Context make_context();

}  // namespace jetway::cli
