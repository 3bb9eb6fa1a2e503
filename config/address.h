// Address: where a terminal listens or dials, as a deployment file or a command line writes it.
//
// `unix:///run/x.sock`, `tcp://10.0.0.2:9001`, `10.0.0.2:9001` (tcp), `[::1]:9001`, `host:9001`,
// `tls://host:9001`, `ws://host:9001/path`, `wss://host:9001` (the path is `/`).
// Parsing gives one form to what means the same (IPv6 spellings, the case of host names), so that
// equal addresses compare equal. Names are not looked up here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jetway::config {

struct Address {
    enum class Scheme { tcp, unix_socket, tls, ws, wss };

    Scheme scheme = Scheme::tcp;
    std::string host;        // without brackets; empty for a Unix socket
    std::uint16_t port = 0;  // 0 for a Unix socket
    std::string path;        // of a Unix socket, or of a WebSocket: `/` at least

    // `10.0.0.2:9001`, `unix:///run/x.sock`, `tls://10.0.0.2:9001`: parses to the same again.
    std::string text() const;

    // The part that only one listener can have: `10.0.0.2:9001`, or the path of a Unix socket.
    std::string place() const;
    bool is_unix_socket() const { return scheme == Scheme::unix_socket; }
    bool is_encrypted() const { return scheme == Scheme::tls || scheme == Scheme::wss; }

    friend bool operator==(const Address&, const Address&) = default;
};

// `unsaid`, tcp or tls, is the scheme of a host and port without one. The error's detail says what
// was expected.
base::Result<Address> parse_address(std::string_view text,
                                    Address::Scheme unsaid = Address::Scheme::tcp);

bool is_loopback_host(
    std::string_view host);  // 127.0.0.0/8, ::1, localhost: reached from here only
bool is_wildcard_host(std::string_view host);  // 0.0.0.0, ::

}  // namespace jetway::config
