// NinepListener: where the /svc tree is served besides its default socket: `ninep: {listen:
// [...]}`.
//
//     ninep:
//       listen:
//         - tcp://127.0.0.1:564
//         - {address: tls://10.0.0.1:5640, write: true}
#pragma once

#include <string>
#include <vector>

#include "config/address.h"
#include "config/problem.h"
#include "config/yaml.h"

namespace jetway::config {

struct NinepListener {
    Address address;     // unix, tcp or tls
    bool write = false;  // who comes by TCP or TLS may change the router; of a Unix socket's
                         // clients the kernel says who they are

    friend bool operator==(const NinepListener&, const NinepListener&) = default;
};

// The map at `ninep:`, over what a file has for all machines.
std::vector<NinepListener> read_ninep(const YamlNode& node, std::vector<NinepListener> before,
                                      Problems& problems);

// The default socket of the tree, beside a router's socket at `socket`: a file named `svc` in a
// folder of its own. `/run/jetway/a.sock` has `/run/jetway/a/svc`; what does not end in .sock has
// `.9p` added.
std::string ninep_socket(const std::string& socket);

}  // namespace jetway::config
