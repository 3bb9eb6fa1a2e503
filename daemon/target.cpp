#include "daemon/target.h"

namespace jetway::daemon {

transport::Target target_of(const config::Address& address) {
    using Scheme = config::Address::Scheme;
    const io::Endpoint tcp = io::Endpoint::tcp(address.host, address.port);
    switch (address.scheme) {
        case Scheme::unix_socket:
            return io::Endpoint::unix_socket(address.path);
        case Scheme::tls:
            return {transport::Scheme::tls, tcp};
        case Scheme::ws:
            return {transport::Scheme::ws, tcp, address.path};
        case Scheme::wss:
            return {transport::Scheme::wss, tcp, address.path};
        default:
            return tcp;
    }
}

}  // namespace jetway::daemon
