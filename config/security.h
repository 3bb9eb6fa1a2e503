// Security: what a deployment says of certificates and of handshakes: `security:` and the bounds of
// `limits:` that concern connections before their first frame. Paths are as the file has them;
// where relative ones start, and what is in the files, is the shell's to know.
#pragma once

#include <cstddef>
#include <string>

#include "base/time.h"

namespace jetway::config {

struct Security {
    std::string certificates;  // folder with ca.pem, MACHINE.pem and MACHINE.key; empty: none
    std::string ca;            // paths that stand for one of these; empty: the folder's
    std::string certificate;
    std::string key;
    bool network_tls =
        false;  // `network: tls`: what an address between machines without a scheme is

    // All three files are known.
    bool complete() const {
        return !certificates.empty() || (!ca.empty() && !certificate.empty() && !key.empty());
    }

    friend bool operator==(const Security&, const Security&) = default;
};

struct HandshakeBounds {
    std::size_t at_once = 1'024;                       // limits.handshakes
    std::size_t per_address = 64;                      // limits.handshakes_per_address
    base::Duration timeout = std::chrono::seconds(5);  // limits.handshake_timeout

    friend bool operator==(const HandshakeBounds&, const HandshakeBounds&) = default;
};

}  // namespace jetway::config
