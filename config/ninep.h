// NinepListener: where the /svc tree is served besides its default socket: `ninep: {listen:
// [...]}`.
#pragma once

#include <string>
#include <vector>

#include "config/listener.h"

namespace jetway::config {

using NinepListener = Listener;

// The map at `ninep:`, over what a file has for all machines.
std::vector<NinepListener> read_ninep(const YamlNode& node, std::vector<NinepListener> before,
                                      Problems& problems);

// The default socket of the tree, beside a router's socket at `socket`: a file named `svc` in a
// folder of its own. `/run/jetway/a.sock` has `/run/jetway/a/svc`; what does not end in .sock has
// `.9p` added.
std::string ninep_socket(const std::string& socket);

}  // namespace jetway::config
