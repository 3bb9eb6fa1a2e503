#include "io/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/ensure.h"
#include "io/file.h"
#include "io/openssl.h"

namespace jetway::io {
namespace {

constexpr std::size_t max_file = std::size_t{1} << 20U;
constexpr const char* remedy = "; `jetway certs` makes what is needed";

base::Error wrong(std::string what) {
    ERR_clear_error();
    return {"certificate", std::move(what) + remedy};
}

base::Result<std::string> read(const std::string& path, const char* what) {
    base::Result<std::string> text = read_file(path, max_file);
    return text ? std::move(text)
                : wrong(std::string("can't read the ") + what + ": " + text.error().detail);
}

}  // namespace

TlsContext::TlsContext() : native_(SSL_CTX_new(TLS_method())) {
    ensure(native_ != nullptr, "OpenSSL can make a context");
    ensure(SSL_CTX_set_min_proto_version(native_, TLS1_2_VERSION) == 1, "OpenSSL has TLS 1.2");
    ensure(SSL_CTX_set_cipher_list(native_, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1,
           "OpenSSL has these ciphers");
    SSL_CTX_set_options(native_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(native_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(native_, 0);
    // An idle connection keeps no buffers; the CA that is trusted is not sent along.
    SSL_CTX_set_mode(native_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
}

TlsContext::~TlsContext() {
    SSL_CTX_free(native_);
}

base::Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files) {
    std::shared_ptr<TlsContext> made(new TlsContext());
    if (const base::Result<void> trusted = made->trust(files.ca); !trusted) {
        return trusted.error();
    }
    if (!files.certificate.empty() || !files.key.empty()) {
        if (const base::Result<void> shown = made->show(files); !shown) {
            return shown.error();
        }
    }
    ERR_clear_error();
    return std::shared_ptr<const TlsContext>(std::move(made));
}

base::Result<void> TlsContext::trust(const std::string& path) {
    if (path.empty()) {
        SSL_CTX_set_default_verify_paths(native_);
        return {};
    }
    const base::Result<std::string> text = read(path, "CA's certificate");
    if (!text) {
        return text.error();
    }
    const OwnedBio bio = bio_of(*text);
    X509_STORE* store = SSL_CTX_get_cert_store(native_);
    std::size_t count = 0;
    while (const OwnedX509 ca{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
        // Whom we trust is told to clients, so that they know which certificate to show.
        if (X509_STORE_add_cert(store, ca.get()) != 1 ||
            SSL_CTX_add_client_CA(native_, ca.get()) != 1) {
            return wrong(path + " holds a CA's certificate that can't be used");
        }
        ++count;
    }
    return count > 0 ? base::Result<void>()
                     : base::Result<void>(wrong(path + " holds no certificate in PEM"));
}

base::Result<void> TlsContext::show(const TlsFiles& files) {
    const base::Result<std::string> text = read(files.certificate, "certificate");
    if (!text) {
        return text.error();
    }
    const base::Result<std::string> key_text = read(files.key, "certificate's key");
    if (!key_text) {
        return key_text.error();
    }
    const OwnedBio bio = bio_of(*text);
    const OwnedX509 own(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!own || SSL_CTX_use_certificate(native_, own.get()) != 1) {
        return wrong(files.certificate + " holds no certificate in PEM that can be used");
    }
    while (OwnedX509 between{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
        if (SSL_CTX_add0_chain_cert(native_, between.get()) != 1) {
            return wrong(files.certificate + " holds a certificate that can't be used");
        }
        static_cast<void>(between.release());
    }
    const OwnedBio key_bio = bio_of(*key_text);
    const OwnedKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_password, nullptr));
    if (!key) {
        return wrong(files.key + " holds no key in PEM, or an encrypted one");
    }
    if (X509_check_private_key(own.get(), key.get()) != 1) {
        return wrong(files.key + " is not the key of the certificate in " + files.certificate);
    }
    if (SSL_CTX_use_PrivateKey(native_, key.get()) != 1) {
        return wrong(files.key + " holds a key that can't be used");
    }
    own_ = certificate_of(*own);
    return {};
}

}  // namespace jetway::io
