// Target: where to listen or to dial, and what the frame stream travels in. A value; nothing is
// resolved or checked here.
//
//     unix_socket, tcp    the frame stream itself
//     tls                 the frame stream inside TLS
//     ws, wss             WebSocket messages of whole frames, inside TLS for wss
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/endpoint.h"

namespace jetway::transport {

enum class Scheme : std::uint8_t { tcp, unix_socket, tls, ws, wss };

struct Target {
    Scheme scheme = Scheme::tcp;
    io::Endpoint endpoint;
    std::string path;  // ws and wss: of the request, "/" at least; empty for the others
    // ws and wss, listened at: web pages of these origins may connect, besides those of the
    // listener's own host; `*`: all.
    std::vector<std::string> origins;
    std::uint32_t max_frame = 16U << 20U;  // ws and wss: limits.max_frame, bytes

    Target() = default;
    // As it is: tcp or a Unix socket, without a layer.
    Target(io::Endpoint plain);
    // Not for Unix sockets.
    Target(Scheme how, io::Endpoint tcp, std::string request_path = {});

    bool is_encrypted() const { return scheme == Scheme::tls || scheme == Scheme::wss; }
    bool is_websocket() const { return scheme == Scheme::ws || scheme == Scheme::wss; }

    // "10.0.0.2:9001", "/run/jetway/a.sock", "tls://10.0.0.2:9001", "wss://host:443/path"
    std::string text() const;

    friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace jetway::transport
