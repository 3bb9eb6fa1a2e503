// Endpoint: where to listen or to dial. A value; nothing is resolved or checked here.
#pragma once

#include <cstdint>
#include <string>

namespace jetway::io {

struct Endpoint {
    enum class Kind { tcp, unix_socket };

    Kind kind = Kind::tcp;
    std::string host;        // tcp: an IPv4 or IPv6 address without brackets, or a name
    std::uint16_t port = 0;  // tcp: 0 asks the system for a free one when listening
    std::string path;        // unix_socket: at most 107 bytes

    static Endpoint tcp(std::string host, std::uint16_t port) {
        return {Kind::tcp, std::move(host), port, {}};
    }
    static Endpoint unix_socket(std::string path) {
        return {Kind::unix_socket, {}, 0, std::move(path)};
    }

    // "10.0.0.2:9001", "[::1]:9001", "/run/jetway/a.sock"
    std::string text() const;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace jetway::io
