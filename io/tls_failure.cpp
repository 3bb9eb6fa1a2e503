#include "io/tls_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace jetway::io {
namespace {

constexpr const char* make_one = "make a new one with `jetway certs`";

base::Error certificate_error(std::string detail) {
    return {"certificate", std::move(detail)};
}

// Its names and addresses; a certificate can have thousands, and then the first ones do.
std::string list(const Certificate& certificate) {
    constexpr std::size_t enough = 200;
    std::vector<std::string> all = certificate.names;
    all.insert(all.end(), certificate.addresses.begin(), certificate.addresses.end());
    std::string text;
    for (const std::string& one : all) {
        if (text.size() + one.size() > enough) {
            return text + (text.empty() ? one.substr(0, enough) : ", …");
        }
        text += (text.empty() ? "" : ", ") + one;
    }
    return text.empty() ? certificate.subject() : text;
}

// What there is to be said of our own certificate once the peer has refused it.
std::string facts_of(const std::optional<Certificate>& own, std::int64_t now) {
    if (!own) {
        return "we have shown none";
    }
    const std::string ours = "ours, of " + own->subject() + ",";
    if (own->not_after < now) {
        return ours + " expired " + date_of(own->not_after) + "; " + make_one;
    }
    if (own->not_before > now) {
        return ours + " is not valid before " + date_of(own->not_before) +
               ": check the clocks, or " + make_one;
    }
    return "ours is for " + list(*own) + ", valid from " + date_of(own->not_before) + " until " +
           date_of(own->not_after);
}

}  // namespace

base::Error refused_by_us(const RefusedCertificate& refused, const std::string& expected) {
    const Certificate& shown = refused.certificate;
    const std::string whose =
        std::string(refused.depth > 0 ? "certificate of the CA " : "certificate of ") +
        shown.subject();
    switch (refused.error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return certificate_error(whose + " expired " + date_of(shown.not_after) + "; " +
                                     make_one);
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return certificate_error(whose + " is not valid before " + date_of(shown.not_before) +
                                     ": check the clocks, or " + make_one);
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return certificate_error("certificate is for " + list(shown) + ", but " + expected +
                                     " was expected there: is the address right?");
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return certificate_error(whose +
                                     " was not made by our CA: make those of all machines with "
                                     "the same `jetway certs`");
        default:
            return certificate_error(
                whose + " is refused: " + X509_verify_cert_error_string(refused.error));
    }
}

base::Error tls_failure(unsigned long error, const std::optional<Certificate>& own,
                        std::int64_t now) {
    const std::string facts = facts_of(own, now);
    switch (ERR_GET_REASON(error)) {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return certificate_error(
                "it showed no certificate: a neighbour needs one that `jetway certs` has made");
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return certificate_error("our certificate was refused as expired: " + facts);
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
            return certificate_error(
                "our certificate was refused, as not yet valid or as of another machine than "
                "expected: " +
                facts);
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
            return certificate_error("our certificate was refused as not made by their CA: " +
                                     facts);
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            return certificate_error("our certificate was refused: " + facts);
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return certificate_error("a certificate is required there: " + facts);
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            // What TLS 1.2 has for a missing certificate, too.
            return own ? base::Error{"tls", "it refused the handshake: no cipher in common"}
                       : certificate_error(
                             "it refused the handshake: perhaps a certificate is required there, "
                             "and we have shown none");
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
            return {"tls", "no version of TLS in common: expected 1.2 or 1.3"};
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
            return {"tls", "what came is not TLS: is the scheme of the address right?"};
        case SSL_R_NO_SHARED_CIPHER:
            return {"tls", "no cipher in common"};
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return {"truncated",
                    "the connection ended without the end of TLS: what was sent last may be "
                    "missing"};
        default: {
            const char* reason = ERR_reason_error_string(error);
            return {"tls", reason == nullptr ? "TLS broke off" : reason};
        }
    }
}

}  // namespace jetway::io
