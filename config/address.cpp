#include "config/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/near_miss.h"
#include "base/units.h"
#include "config/problem.h"

namespace jetway::config {
namespace {

constexpr std::string_view expected = "expected an address such as `10.0.0.2:9001`";

base::Error bad(std::string detail) {
    return {"bad-config", std::move(detail)};
}

bool is_ipv4(const std::string& host) {
    in_addr bytes{};
    return inet_pton(AF_INET, host.c_str(), &bytes) == 1;
}

// The usual spelling of an IPv6 address; its zone (`%eth0`) stays as it is.
std::optional<std::string> canonical_ipv6(const std::string& host) {
    const std::size_t percent = host.find('%');
    in6_addr bytes{};
    if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &bytes) != 1 ||
        percent + 1 == host.size()) {
        return std::nullopt;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_ntop(AF_INET6, &bytes, text.data(), text.size()) == nullptr) {
        return std::nullopt;
    }
    const std::string zone = percent == std::string::npos ? "" : host.substr(percent);
    return std::string(text.data()) + zone;
}

bool is_host_name(std::string_view host) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return host.size() <= 253 && std::all_of(host.begin(), host.end(), allowed) &&
           host.front() != '-' && host.front() != '.' && host.find("..") == std::string_view::npos;
}

base::Result<std::string> parse_host(std::string_view written) {
    if (written == "*") {
        return bad(std::string(expected) + ": for every interface the host is `0.0.0.0`");
    }
    std::string host(written);
    std::transform(host.begin(), host.end(), host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (host.find_first_not_of("0123456789.") == std::string::npos) {
        if (!is_ipv4(host)) {
            return bad(quoted(host) + " is no IPv4 address: expected four numbers from 0 to 255");
        }
        return host;
    }
    if (!is_host_name(host)) {
        return bad(std::string(expected) + ": " + quoted(written) + " is no host");
    }
    return host;
}

base::Result<std::uint16_t> parse_port(std::string_view written) {
    const auto port = base::parse_count(written);
    if (!port || *port < 1 || *port > 65535) {
        return bad("expected a port from 1 to 65535, not " + quoted(written));
    }
    return static_cast<std::uint16_t>(*port);
}

base::Result<Address> parse_tcp(std::string_view rest, Address::Scheme scheme) {
    if (rest.find('/') != std::string_view::npos) {
        return bad(std::string(expected) + ": a tcp address has no path");
    }
    const std::size_t colon = rest.rfind(':');
    const std::size_t bracket = rest.rfind(']');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
        return bad(std::string(expected) + ": " + quoted(rest) + " has no port");
    }
    Address address;
    address.scheme = scheme;
    const std::string_view written = rest.substr(0, colon);
    if (written.empty()) {
        return bad(std::string(expected) + ": " + quoted(rest) + " has no host");
    }
    if (written.front() == '[') {
        const auto host = bracket + 1 == colon
                              ? canonical_ipv6(std::string(written.substr(1, bracket - 1)))
                              : std::nullopt;
        if (!host) {
            return bad("expected an IPv6 address in brackets such as `[::1]:9001`, not " +
                       quoted(rest));
        }
        address.host = *host;
    } else if (written.find(':') != std::string_view::npos) {
        return bad(std::string(expected) + ": an IPv6 address stands in brackets, `[::1]:9001`");
    } else {
        auto host = parse_host(written);
        if (!host) {
            return host.error();
        }
        address.host = std::move(*host);
    }
    const auto port = parse_port(rest.substr(colon + 1));
    if (!port) {
        return port.error();
    }
    address.port = *port;
    return address;
}

// WebSocket: what follows the host and port is the path of the request, RFC 6455, section 3.
base::Result<Address> parse_websocket(std::string_view rest, Address::Scheme scheme) {
    constexpr std::size_t longest = 1'024;
    const std::size_t slash = rest.find('/');
    const std::string_view path = slash == std::string_view::npos ? "/" : rest.substr(slash);
    const bool fine = std::all_of(path.begin(), path.end(),
                                  [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
    if (!fine || path.size() > longest) {
        return bad("expected a path of at most " + std::to_string(longest) +
                   " printable bytes such as `/jetway`, not " + quoted(path));
    }
    auto address = parse_tcp(rest.substr(0, slash), scheme);
    if (address) {
        address->path = std::string(path);
    }
    return address;
}

base::Result<Address> parse_unix(std::string_view rest) {
    constexpr std::size_t longest = 107;  // what a socket's address has room for, unix(7)
    if (rest.size() < 2 || rest.front() != '/' || rest.back() == '/') {
        return bad("expected the whole path of a socket, such as `unix:///run/jetway/a.sock`");
    }
    if (rest.size() > longest) {
        return bad("the path of a Unix socket has at most " + std::to_string(longest) +
                   " bytes, this one " + std::to_string(rest.size()));
    }
    Address address;
    address.scheme = Address::Scheme::unix_socket;
    address.path = std::string(rest);
    return address;
}

}  // namespace

std::string Address::place() const {
    if (is_unix_socket()) {
        return path;
    }
    const bool ipv6 = host.find(':') != std::string::npos;
    return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Address::text() const {
    switch (scheme) {
        case Scheme::unix_socket:
            return "unix://" + path;
        case Scheme::tls:
            return "tls://" + place();
        case Scheme::ws:
            return "ws://" + place() + path;
        case Scheme::wss:
            return "wss://" + place() + path;
        default:
            return place();
    }
}

base::Result<Address> parse_address(std::string_view text, Address::Scheme unsaid) {
    const std::size_t end = text.find("://");
    if (end == std::string_view::npos) {
        if (text.starts_with("/") || text.starts_with("unix:")) {
            return bad("expected the address of a Unix socket as `unix:///path`, not " +
                       quoted(text));
        }
        return parse_tcp(text, unsaid);
    }
    const std::string_view scheme = text.substr(0, end);
    const std::string_view rest = text.substr(end + 3);
    if (scheme == "tcp") {
        return parse_tcp(rest, Address::Scheme::tcp);
    }
    if (scheme == "unix") {
        return parse_unix(rest);
    }
    if (scheme == "tls") {
        return parse_tcp(rest, Address::Scheme::tls);
    }
    if (scheme == "ws" || scheme == "wss") {
        return parse_websocket(rest, scheme == "ws" ? Address::Scheme::ws : Address::Scheme::wss);
    }
    return bad("unknown scheme " + quoted(scheme) +
               base::suggestion(scheme, {"tcp", "tls", "ws", "wss", "unix"}));
}

bool is_loopback_host(std::string_view host) {
    const std::string text(host);
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
        return ntohl(v4.s_addr) >> 24U == 127;
    }
    in6_addr v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
        const auto* bytes = std::begin(v6.s6_addr);
        const bool mapped = std::all_of(bytes, bytes + 10, [](auto b) { return b == 0; }) &&
                            bytes[10] == 0xff && bytes[11] == 0xff;
        return text == "::1" || (mapped && bytes[12] == 127);
    }
    return host == "localhost";
}

bool is_wildcard_host(std::string_view host) {
    return host == "0.0.0.0" || host == "::";
}

}  // namespace jetway::config
