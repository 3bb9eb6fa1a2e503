#include "io/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/ensure.h"
#include "io/file.h"
#include "io/openssl.h"

namespace jetway::io {
namespace {

constexpr std::size_t max_file = std::size_t{1} << 20U;
constexpr std::size_t longest_name = 255;  // RFC 1035, section 2.3.4

std::int64_t seconds_of(const ASN1_TIME* time) {
    std::tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(timegm(&parts)) : 0;
}

std::string text_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
    const bool fits = ASN1_STRING_length(bytes) == 4 || ASN1_STRING_length(bytes) == 16;
    return fits && inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size())
               ? text.data()
               : std::string();
}

bool equal_without_case(const std::string& one, const std::string& other) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

OwnedBio bio_of(const std::string& text) {
    OwnedBio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    ensure(bio != nullptr, "there is memory for a BIO");
    return bio;
}

int no_password(char*, int, int, void*) {
    return 0;
}

std::string Certificate::subject() const {
    if (!names.empty()) {
        return names.front();
    }
    return common_name.empty() ? "nobody" : common_name;
}

bool Certificate::names_dns(const std::string& name) const {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& one) { return equal_without_case(one, name); });
}

Certificate certificate_of(const x509_st& x509) {
    Certificate facts;
    const OwnedNames names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&x509, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) {
            std::string text = text_of(name->d.dNSName);
            // A NUL inside would make a name that looks like another one.
            if (text.size() <= longest_name && text.find('\0') == std::string::npos) {
                facts.names.push_back(std::move(text));
            }
        } else if (name->type == GEN_IPADD) {
            facts.addresses.push_back(address_of(name->d.iPAddress));
        }
    }
    const X509_NAME* subject = X509_get_subject_name(&x509);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) {
        facts.common_name = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))
                                .substr(0, longest_name);
    }
    facts.not_before = seconds_of(X509_get0_notBefore(&x509));
    facts.not_after = seconds_of(X509_get0_notAfter(&x509));
    return facts;
}

base::Result<Certificate> read_certificate(const std::string& path) {
    const base::Result<std::string> text = read_file(path, max_file);
    if (!text) {
        return text.error();
    }
    const OwnedBio bio = bio_of(*text);
    const OwnedX509 x509(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (!x509) {
        return base::Error{"certificate", path + " holds no certificate in PEM"};
    }
    return certificate_of(*x509);
}

std::string date_of(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    std::array<char, 32> text{};
    if (gmtime_r(&time, &parts) == nullptr ||
        std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts) == 0) {
        return "?";
    }
    return text.data();
}

}  // namespace jetway::io
