// TlsContext: what TLS is spoken with: the CAs that are trusted, and one's own certificate and key.
// Made once from files and shared by all connections that begin while it is in use; whoever has
// new files makes a new one.
//
// TLS 1.2 and 1.3; of 1.2 only ECDHE with AES-GCM or ChaCha20 (RFC 9325, section 4.2). No
// renegotiation, no compression, no session is resumed: each handshake checks the certificates.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/certificate.h"

struct ssl_ctx_st;

namespace jetway::io {

// Paths of PEM files.
struct TlsFiles {
    std::string ca;           // one or more certificates; empty: those that the system trusts
    std::string certificate;  // our own, then those between it and the CA; empty: we show none
    std::string key;          // of the certificate, not encrypted

    friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

class TlsContext {
public:
    // Error `certificate`: the detail says which file, what is wrong with it, and what to do.
    // Blocking: for start, reload and the command line.
    static base::Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    // Our own; none when we show none. Whether it is valid now is not looked at.
    const std::optional<Certificate>& own() const { return own_; }

    // For io/ only.
    ssl_ctx_st* native() const { return native_; }

private:
    TlsContext();
    base::Result<void> trust(const std::string& path);
    base::Result<void> show(const TlsFiles& files);

    ssl_ctx_st* native_;
    std::optional<Certificate> own_;
};

}  // namespace jetway::io
