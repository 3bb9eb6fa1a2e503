// Admin: where metrics and control requests are served over HTTP: `admin: {listen: [...]}`.
//
// It is on unless the file says otherwise, on loopback, at a port that neither Debian's
// /etc/services nor Prometheus' list of ports (which begins at 9100) gives to anybody.
#pragma once

#include <vector>

#include "config/listener.h"

namespace jetway::config {

struct Admin {
    static constexpr std::uint16_t default_port = 7930;

    std::vector<Listener> listen{{.address = {.scheme = Address::Scheme::tcp,
                                              .host = "127.0.0.1",
                                              .port = default_port,
                                              .path = {}}}};
    // By the file. Else the default may be taken by another router of the host, which is no reason
    // not to start.
    bool configured = false;

    friend bool operator==(const Admin&, const Admin&) = default;
};

}  // namespace jetway::config
