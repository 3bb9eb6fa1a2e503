#include "client/endpoint.h"

#include <charconv>
#include <string_view>

namespace jetway::client {

base::Result<io::Endpoint> parse_endpoint(const std::string& text) {
    const base::Error wrong{"usage", "`" + text +
                                         "` is no address of a router: write unix:///path/to.sock, "
                                         "a path, or tcp://host:port"};
    std::string_view rest = text;
    if (rest.starts_with("unix://")) {
        rest.remove_prefix(7);
        return rest.empty() ? base::Result<io::Endpoint>(wrong)
                            : io::Endpoint::unix_socket(std::string(rest));
    }
    if (rest.starts_with("tcp://")) {
        rest.remove_prefix(6);
    } else if (rest.find('/') != std::string_view::npos || rest.ends_with(".sock")) {
        if (rest.find("://") != std::string_view::npos) {
            return wrong;
        }
        return io::Endpoint::unix_socket(std::string(rest));
    }
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos) {
        return wrong;
    }
    std::string_view host = rest.substr(0, colon);
    const std::string_view digits = rest.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0) {
        return wrong;
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return wrong;
    }
    return host.empty() ? base::Result<io::Endpoint>(wrong)
                        : io::Endpoint::tcp(std::string(host), port);
}

}  // namespace jetway::client
