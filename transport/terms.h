// Terms: on what terms a connection is made: with which certificates TLS is spoken, and what is
// expected of whoever is at the other end. Taken anew for each connection, so that new certificates
// are used from then on and the connections that stand are left alone.
#pragma once

#include <memory>
#include <string>

#include "io/tls_context.h"

namespace jetway::transport {

struct Terms {
    std::shared_ptr<const io::TlsContext> tls;  // none: tls and wss can't be spoken
    // Dialler: the machine that the certificate there must name; empty: the host as dialled.
    std::string machine;
    // Listener: whoever comes must show a certificate.
    bool certificate_required = false;
};

}  // namespace jetway::transport
