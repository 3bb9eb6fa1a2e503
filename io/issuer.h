// Issuer: a certificate authority of one's own: makes its key and certificate, and certificates
// that it signs. EC P-256 throughout. What `jetway certs` stands on; a router has no need of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace jetway::io {

// A certificate and its key, both as PEM.
struct Issued {
    std::string certificate;
    std::string key;
};

class Issuer {
public:
    struct Request {
        std::string name;                    // for people; the first 64 bytes of it
        std::vector<std::string> names;      // DNS names that it is good for
        std::vector<std::string> addresses;  // IP addresses that it is good for
        std::int64_t from = 0;               // seconds since 1970
        std::int64_t until = 0;              // as well
    };

    // A new one, which signs no other CAs. `request` without names and addresses.
    static base::Result<Issuer> make(const Request& request);
    // Error `certificate`: no certificate of a CA, no key, or not that certificate's.
    static base::Result<Issuer> load(const Issued& pem);
    ~Issuer();
    Issuer(Issuer&&) noexcept;
    Issuer& operator=(Issuer&&) noexcept;

    const Issued& pem() const { return pem_; }
    // For a machine, which shows it to those whom it dials and to those who dial it. Error
    // `certificate` for an address that is none.
    base::Result<Issued> issue(const Request& request) const;

    // Whether the certificate, in PEM, bears our signature.
    bool has_signed(const std::string& certificate) const;

private:
    struct Native;
    Issuer();

    Issued pem_;
    std::unique_ptr<Native> native_;
};

}  // namespace jetway::io
