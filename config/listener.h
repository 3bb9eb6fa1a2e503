// Listener: where something else than frames is served, as `ninep:` and `admin:` list it.
//
//     listen:
//       - tcp://127.0.0.1:564
//       - {address: tls://10.0.0.1:5640, write: true}
#pragma once

#include <string_view>
#include <vector>

#include "config/address.h"
#include "config/problem.h"
#include "config/yaml.h"

namespace jetway::config {

struct Listener {
    Address address;     // unix, tcp or tls
    bool write = false;  // who comes by TCP or TLS may change the router; of a Unix socket's
                         // clients the kernel says who they are

    friend bool operator==(const Listener&, const Listener&) = default;
};

// The list at `listen:`; `carried` is what is spoken there, for the words of a problem.
std::vector<Listener> read_listeners(const YamlNode& list, std::string_view carried,
                                     Problems& problems);

}  // namespace jetway::config
