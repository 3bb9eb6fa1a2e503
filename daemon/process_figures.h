// What the system says of this process.
#pragma once

#include "router/control.h"

namespace jetway::daemon {

// CPU time from getrusage(2), resident memory from /proc/self/statm, open files from /proc/self/fd;
// 0 for what can't be read. What the process doesn't know of itself is the server's to add.
router::ProcessFigures process_figures();

}  // namespace jetway::daemon
