// What the system says of this process.
#pragma once

#include "router/control.h"

namespace jetway::daemon {

// CPU time from getrusage(2), resident memory from /proc/self/statm; 0 for what can't be read.
router::ProcessFigures process_figures();

}  // namespace jetway::daemon
