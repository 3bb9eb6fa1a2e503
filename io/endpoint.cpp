#include "io/endpoint.h"

namespace jetway::io {

std::string Endpoint::text() const {
    if (kind == Kind::unix_socket) {
        return path;
    }
    const bool bracketed = host.find(':') != std::string::npos;
    return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace jetway::io
