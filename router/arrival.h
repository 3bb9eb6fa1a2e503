// Arrival: a new connection, with what the shell knows of whoever is at its other end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jetway::router {

// What a connection came in by.
enum class Entry { local_listener, network_listener, dialled };

// A user of this machine, as the kernel says it (SO_PEERCRED, SO_PEERGROUPS).
struct SystemUser {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups{};  // the others that it is in
};

struct Arrival {
    Entry by = Entry::local_listener;
    std::string peer_address;              // for tables and logs
    std::string terminal{};                // the configured local terminal; empty: the default one
    std::optional<SystemUser> user{};      // of a Unix socket
    bool in_process = false;               // no socket: it is part of this program
    bool encrypted = false;                // inside TLS
    std::vector<std::string> certified{};  // DNS names of the peer's certificate, which was checked
};

}  // namespace jetway::router
