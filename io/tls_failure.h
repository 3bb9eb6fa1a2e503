// TlsFailure: what went wrong in TLS, in words for whoever has to mend it: the reasons that OpenSSL
// and the peer's alert give, with the facts of the certificate that they are about.
//
// Codes: `certificate` (the peer's was refused here, or ours there), `tls` (anything else of TLS).
// For io/ only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/certificate.h"

namespace jetway::io {

// Why the peer's certificate, or one above it, was refused by us.
struct RefusedCertificate {
    int error = 0;  // X509_V_ERR_…
    int depth = 0;  // 0: the peer's own
    Certificate certificate;
};

// `expected` is the name that the certificate should have had; `now` in seconds since 1970.
base::Error refused_by_us(const RefusedCertificate& refused, const std::string& expected);

// `error` as ERR_peek_error gives it; `own` is the certificate that we have shown, if any.
base::Error tls_failure(unsigned long error, const std::optional<Certificate>& own,
                        std::int64_t now);

}  // namespace jetway::io
