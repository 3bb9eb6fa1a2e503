#include "envelope/ninep_address.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "envelope/announce.h"

namespace jetway::envelope {

namespace {

using base::Error;
using base::Result;

constexpr std::size_t max_socket_path = 107;  // what sun_path holds, less its NUL
constexpr std::size_t max_host = 253;
constexpr std::string_view unix_scheme = "unix:";
constexpr std::string_view tcp_scheme = "tcp://";

Error refuse_address(std::string_view what) {
    return {"EINVAL", "a 9P address is HOST:PORT[/PATH] or unix:///SOCKET[!/PATH], at most " +
                          std::to_string(max_ninep) + " bytes: " + std::string(what)};
}

bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Absolute, each name once between slashes; a slash at its end is taken off.
Result<std::string> parse_path(std::string_view written, std::string_view what) {
    std::string path;
    while (!written.empty()) {
        written.remove_prefix(1);  // the slash
        const std::string_view name = written.substr(0, written.find('/'));
        written.remove_prefix(name.size());
        if (name.empty() && written.empty()) {
            break;
        }
        if (name.empty() || name == "." || name == "..") {
            return refuse_address(std::string(what) + " has an empty name, `.` or `..` in it");
        }
        path += '/';
        path += name;
    }
    return path.empty() ? std::string("/") : path;
}

bool valid_host(std::string_view host) {
    return !host.empty() && host.size() <= max_host && letter_or_digit(host.front()) &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return letter_or_digit(c) || c == '.' || c == '-' || c == '_';
           });
}

// Digits and colons, perhaps dots at the end, perhaps a zone; whether it is an address of the
// network shows when it is dialled.
bool valid_ipv6(std::string_view host) {
    const std::string_view number = host.substr(0, host.find('%'));
    const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return std::count(number.begin(), number.end(), ':') >= 2 && host.size() <= max_host &&
           std::all_of(number.begin(), number.end(),
                       [&](char c) { return digit(c) || c == ':' || c == '.'; }) &&
           std::all_of(
               host.begin() + static_cast<std::ptrdiff_t>(number.size()), host.end(),
               [](char c) { return letter_or_digit(c) || c == '%' || c == '.' || c == '-'; });
}

Result<NinepAddress> parse_unix(std::string_view rest) {
    NinepAddress address;
    address.scheme = NinepAddress::Scheme::unix_socket;
    if (rest.starts_with("//")) {
        rest.remove_prefix(2);
    }
    const std::size_t mark = rest.find('!');
    const std::string_view socket = rest.substr(0, mark);
    if (!socket.starts_with('/') || socket.ends_with('/')) {
        return refuse_address("the socket's path must be absolute, and no folder's");
    }
    Result<std::string> path = parse_path(socket, "the socket's path");
    if (!path) {
        return path.error();
    }
    if (path->size() > max_socket_path) {
        return refuse_address("the socket's path is longer than 107 bytes");
    }
    address.socket = std::move(*path);
    if (mark != std::string_view::npos) {
        const std::string_view below = rest.substr(mark + 1);
        if (!below.starts_with('/')) {
            return refuse_address("after the `!` stands a path that begins with `/`");
        }
        Result<std::string> tree = parse_path(below, "the path");
        if (!tree) {
            return tree.error();
        }
        address.path = std::move(*tree);
    }
    return address;
}

Result<NinepAddress> parse_tcp(std::string_view rest) {
    NinepAddress address;
    const std::size_t slash = rest.find('/');
    const std::string_view place = rest.substr(0, slash);
    const std::size_t colon = place.rfind(':');
    const bool bracketed = place.starts_with('[');
    if (colon == std::string_view::npos || (bracketed && place.find(']') + 1 != colon)) {
        return refuse_address("it names no port, such as `:564`");
    }
    const std::string_view host = bracketed ? place.substr(1, colon - 2) : place.substr(0, colon);
    const auto small = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    std::transform(host.begin(), host.end(), std::back_inserter(address.host), small);
    if (bracketed ? !valid_ipv6(address.host) : !valid_host(address.host)) {
        return refuse_address(host.find(':') != std::string_view::npos && !bracketed
                                  ? "an IPv6 address stands in brackets, `[::1]:564`"
                                  : "its host is no name and no number");
    }
    const std::string_view port = place.substr(colon + 1);
    const char* end = port.data() + port.size();
    const auto [at, error] = std::from_chars(port.data(), end, address.port);
    if (error != std::errc() || at != end || address.port == 0) {
        return refuse_address("its port must be from 1 to 65535");
    }
    if (slash != std::string_view::npos) {
        Result<std::string> path = parse_path(rest.substr(slash), "the path");
        if (!path) {
            return path.error();
        }
        address.path = std::move(*path);
    }
    return address;
}

}  // namespace

std::string NinepAddress::text() const {
    if (scheme == Scheme::unix_socket) {
        return "unix://" + socket + (path == "/" ? "" : "!" + path);
    }
    const bool bracketed = host.find(':') != std::string::npos;
    return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port) +
           (path == "/" ? "" : path);
}

bool NinepAddress::is_local() const {
    return scheme == Scheme::unix_socket || host == "localhost" || host == "::1" ||
           host.starts_with("127.");
}

Result<NinepAddress> parse_ninep_address(std::string_view text) {
    if (text.empty() || text.size() > max_ninep) {
        return refuse_address(text.empty() ? "it is empty" : "it is longer");
    }
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) {
        return refuse_address("it has a blank, or a byte that isn't printable ASCII");
    }
    Result<NinepAddress> address =
        text.starts_with(unix_scheme)  ? parse_unix(text.substr(unix_scheme.size()))
        : text.starts_with(tcp_scheme) ? parse_tcp(text.substr(tcp_scheme.size()))
        : text.find("://") != std::string_view::npos
            ? Result<NinepAddress>(refuse_address("its scheme must be tcp:// or unix://"))
            : parse_tcp(text);
    if (address && address->text().size() > max_ninep) {
        return refuse_address("it is longer");  // `unix:` is written with two slashes more
    }
    return address;
}

}  // namespace jetway::envelope
