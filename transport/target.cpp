#include "transport/target.h"

#include <utility>

namespace jetway::transport {

Target::Target(io::Endpoint plain)
    : scheme(plain.kind == io::Endpoint::Kind::tcp ? Scheme::tcp : Scheme::unix_socket),
      endpoint(std::move(plain)) {}

Target::Target(Scheme how, io::Endpoint tcp, std::string request_path)
    : scheme(how), endpoint(std::move(tcp)), path(std::move(request_path)) {}

std::string Target::text() const {
    switch (scheme) {
        case Scheme::tls:
            return "tls://" + endpoint.text();
        case Scheme::ws:
            return "ws://" + endpoint.text() + path;
        case Scheme::wss:
            return "wss://" + endpoint.text() + path;
        default:
            return endpoint.text();
    }
}

}  // namespace jetway::transport
