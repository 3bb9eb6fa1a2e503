// NinepAddress: where an instance that is a 9P server is dialled, and where in its tree the
// service's own begins.
//
//   10.0.0.2:564/srv/web      TCP, and the path below the server's root; `/` where none is given
//   tcp://web.lan:564         the same, with its scheme
//   [fd00::2]:564/srv/web     an IPv6 address stands in brackets
//   unix:///run/web.sock      a Unix socket, its root
//   unix:///run/web.sock!/srv/web   and a path below it; `unix:/run/web.sock` means the same
//
// Names of hosts are not looked up here, and nothing is dialled. Two addresses that are written the
// same after parsing are the same instance; a host by its name and by its number are two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jetway::envelope {

struct NinepAddress {
    enum class Scheme { tcp, unix_socket };

    Scheme scheme = Scheme::tcp;
    std::string host{};      // in small letters, without brackets; empty for a Unix socket
    std::uint16_t port = 0;  // 0 for a Unix socket
    std::string socket{};    // the socket's path, absolute, at most 107 bytes; empty for TCP
    std::string path = "/";  // absolute, no empty name, `.` or `..` in it, no `/` at its end

    // The one way to write it, which parses to the same again: at most max_ninep bytes.
    std::string text() const;

    // Only the machine that it was registered at can dial it: a Unix socket, or loopback.
    bool is_local() const;

    friend bool operator==(const NinepAddress&, const NinepAddress&) = default;
};

// Error: EINVAL, with what was expected. Takes what is at most max_ninep bytes of printable ASCII
// without blanks (envelope/announce.h), as a catalog has it.
base::Result<NinepAddress> parse_ninep_address(std::string_view text);

}  // namespace jetway::envelope
