// SocketAddress: an IPv4, IPv6 or Unix socket address as the system takes it. For io/ only.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "io/endpoint.h"

namespace jetway::io {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
    // The numeric host and the port, or the path; an empty Endpoint for anything else.
    Endpoint endpoint() const;
};

// ENAMETOOLONG over 107 bytes, EINVAL for none.
base::Result<SocketAddress> unix_address(const std::string& path);
// An Endpoint whose host is an address already; empty if it is a name.
std::vector<SocketAddress> numeric_addresses(const Endpoint& tcp);
// Asks the resolver, and waits for it.
base::Result<std::vector<SocketAddress>> resolve_now(const Endpoint& tcp);
std::vector<SocketAddress> addresses_of(const addrinfo* list);

}  // namespace jetway::io
