// Certificate: what an X.509 certificate says: whom it names, and from when until when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

struct x509_st;

namespace jetway::io {

struct Certificate {
    std::vector<std::string> names;      // DNS names; the subject's common name is not one
    std::vector<std::string> addresses;  // IP addresses
    std::string common_name;             // for people only
    std::int64_t not_before = 0;         // seconds since 1970
    std::int64_t not_after = 0;          // as well

    // Its first DNS name, else its common name, else "nobody".
    std::string subject() const;
    bool names_dns(const std::string& name) const;  // without regard to case, RFC 4343
};

// For io/ only.
Certificate certificate_of(const x509_st& x509);

// The first certificate of a PEM file. Errors: errno's word, or `certificate`; the detail names the
// file. Blocking.
base::Result<Certificate> read_certificate(const std::string& path);

// "2026-01-01", in UTC, of seconds since 1970.
std::string date_of(std::int64_t seconds);

}  // namespace jetway::io
