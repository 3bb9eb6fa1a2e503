#include "client/endpoint.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace jetway::client {
namespace {

using transport::Scheme;
using transport::Target;

std::optional<io::Endpoint> parse_host_and_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0) {
        return std::nullopt;
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    if (host.empty()) {
        return std::nullopt;
    }
    return io::Endpoint::tcp(std::string(host), port);
}

std::optional<Target> parse(std::string_view text) {
    const std::size_t end = text.find("://");
    if (end == std::string_view::npos) {
        if (text.find('/') != std::string_view::npos || text.ends_with(".sock")) {
            return Target(io::Endpoint::unix_socket(std::string(text)));
        }
        const std::optional<io::Endpoint> tcp = parse_host_and_port(text);
        return tcp ? std::optional<Target>(*tcp) : std::nullopt;
    }
    const std::string_view scheme = text.substr(0, end);
    std::string_view rest = text.substr(end + 3);
    if (scheme == "unix") {
        return rest.empty() ? std::nullopt
                            : std::optional<Target>(io::Endpoint::unix_socket(std::string(rest)));
    }
    Target target;
    if (scheme == "tls") {
        target.scheme = Scheme::tls;
    } else if (scheme == "ws" || scheme == "wss") {
        target.scheme = scheme == "ws" ? Scheme::ws : Scheme::wss;
        const std::size_t slash = rest.find('/');
        target.path = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
        rest = rest.substr(0, slash);
    } else if (scheme != "tcp") {
        return std::nullopt;
    }
    const std::optional<io::Endpoint> tcp = parse_host_and_port(rest);
    if (!tcp) {
        return std::nullopt;
    }
    target.endpoint = *tcp;
    return target;
}

}  // namespace

base::Result<transport::Target> parse_endpoint(const std::string& text) {
    if (std::optional<Target> target = parse(text)) {
        return std::move(*target);
    }
    return base::Error{"usage", "`" + text +
                                    "` is no address of a router: write unix:///path/to.sock, a "
                                    "path, tcp://host:port, tls://host:port, ws://host:port/path "
                                    "or wss://host:port/path"};
}

}  // namespace jetway::client
