// Where a router's debug terminal is by default: a Unix socket beside the router's own, as the /svc
// tree has one (ninep.h).
#pragma once

#include <string>

namespace jetway::config {

// A file named `debug` in a folder of its own. `/run/jetway/a.sock` has `/run/jetway/a/debug`; what
// does not end in .sock has `.d` added.
std::string debug_socket(const std::string& socket);

}  // namespace jetway::config
