#include "io/issuer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>

#include "base/ensure.h"
#include "io/openssl.h"

namespace jetway::io {
namespace {

base::Error failed(const std::string& what) {
    ERR_clear_error();
    return {"certificate", what};
}

template <typename Write>
std::string pem_of(Write write) {
    const OwnedBio bio(BIO_new(BIO_s_mem()));
    ensure(bio != nullptr && write(bio.get()) == 1, "OpenSSL can write PEM");
    const char* text = nullptr;
    const long size = BIO_ctrl(bio.get(), BIO_CTRL_INFO, 0, &text);
    return {text, static_cast<std::size_t>(size)};
}

Issued pem_of(X509* x509, EVP_PKEY* key) {
    return {pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, x509); }), pem_of([&](BIO* bio) {
                return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

OwnedKey new_key() {
    OwnedKey key(EVP_EC_gen("P-256"));
    ensure(key != nullptr, "OpenSSL can make a key");
    return key;
}

// `text` is a fixed text of ours, never a name from outside.
void add_extension(X509* x509, X509* issuer, int nid, const char* text) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, text);
    ensure(extension != nullptr && X509_add_ext(x509, extension, -1) == 1,
           "OpenSSL knows the extension");
    X509_EXTENSION_free(extension);
}

// RFC 5280, section 4.2.1.6.
base::Result<void> add_names(X509* x509, const Issuer::Request& request) {
    const OwnedNames names(GENERAL_NAMES_new());
    ensure(names != nullptr, "there is memory for names");
    const auto add = [&](int type, ASN1_STRING* value) {
        GENERAL_NAME* name = GENERAL_NAME_new();
        ensure(name != nullptr && value != nullptr, "there is memory for a name");
        GENERAL_NAME_set0_value(name, type, value);
        ensure(sk_GENERAL_NAME_push(names.get(), name) > 0, "there is memory for a name");
    };
    for (const std::string& text : request.names) {
        ASN1_IA5STRING* value = ASN1_IA5STRING_new();
        ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
        add(GEN_DNS, value);
    }
    for (const std::string& text : request.addresses) {
        ASN1_OCTET_STRING* value = a2i_IPADDRESS(text.c_str());
        if (value == nullptr) {
            return failed(text + " is no IP address");
        }
        add(GEN_IPADD, value);
    }
    const bool critical = X509_NAME_entry_count(X509_get_subject_name(x509)) == 0;
    ensure(X509_add1_ext_i2d(x509, NID_subject_alt_name, names.get(), critical ? 1 : 0, 0) == 1,
           "OpenSSL can add names");
    return {};
}

// All but its extensions and its signature.
OwnedX509 begin(const Issuer::Request& request, EVP_PKEY* key, X509* issuer) {
    OwnedX509 x509(X509_new());
    ensure(x509 != nullptr && X509_set_version(x509.get(), X509_VERSION_3) == 1,
           "OpenSSL can make a certificate");
    std::array<unsigned char, 16> serial{};  // random, RFC 5280, section 4.1.2.2
    ensure(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1,
           "OpenSSL has random numbers");
    serial[0] = static_cast<unsigned char>((serial[0] & 0x3fU) | 0x40U);
    BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
    ensure(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509.get())) != nullptr,
           "a number can be a serial number");
    BN_free(number);
    ensure(ASN1_TIME_set(X509_getm_notBefore(x509.get()), request.from) != nullptr &&
               ASN1_TIME_set(X509_getm_notAfter(x509.get()), request.until) != nullptr,
           "a certificate has times");
    constexpr std::size_t longest = 64;  // ub-common-name
    const std::string name = request.name.substr(0, longest);
    X509_NAME* subject = X509_get_subject_name(x509.get());
    ensure(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(name.data()),
                                      static_cast<int>(name.size()), -1, 0) == 1,
           "a certificate has a name");
    ensure(X509_set_issuer_name(x509.get(),
                                issuer == nullptr ? subject : X509_get_subject_name(issuer)) == 1 &&
               X509_set_pubkey(x509.get(), key) == 1,
           "a certificate has an issuer and a key");
    return x509;
}

}  // namespace

struct Issuer::Native {
    OwnedX509 x509;
    OwnedKey key;
};

Issuer::Issuer() : native_(std::make_unique<Native>()) {}
Issuer::~Issuer() = default;
Issuer::Issuer(Issuer&&) noexcept = default;
Issuer& Issuer::operator=(Issuer&&) noexcept = default;

base::Result<Issuer> Issuer::make(const Request& request) {
    Issuer made;
    made.native_->key = new_key();
    EVP_PKEY* key = made.native_->key.get();
    OwnedX509 x509 = begin(request, key, nullptr);
    add_extension(x509.get(), x509.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(x509.get(), x509.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(x509.get(), x509.get(), NID_subject_key_identifier, "hash");
    if (X509_sign(x509.get(), key, EVP_sha256()) == 0) {
        return failed("OpenSSL can't sign");
    }
    made.native_->x509 = std::move(x509);
    made.pem_ = pem_of(made.native_->x509.get(), key);
    return made;
}

base::Result<Issuer> Issuer::load(const Issued& pem) {
    Issuer loaded;
    const OwnedBio certificate = bio_of(pem.certificate);
    const OwnedBio key = bio_of(pem.key);
    loaded.native_->x509.reset(PEM_read_bio_X509(certificate.get(), nullptr, no_password, nullptr));
    loaded.native_->key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, no_password, nullptr));
    if (!loaded.native_->x509 || X509_check_ca(loaded.native_->x509.get()) != 1) {
        return failed("no certificate of a CA in PEM");
    }
    if (!loaded.native_->key) {
        return failed("no key in PEM, or an encrypted one");
    }
    if (X509_check_private_key(loaded.native_->x509.get(), loaded.native_->key.get()) != 1) {
        return failed("the key is not that of the CA's certificate");
    }
    loaded.pem_ = pem;
    return loaded;
}

bool Issuer::has_signed(const std::string& certificate) const {
    const OwnedBio bio = bio_of(certificate);
    const OwnedX509 x509(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    const bool ours = x509 && X509_verify(x509.get(), native_->key.get()) == 1;
    ERR_clear_error();
    return ours;
}

base::Result<Issued> Issuer::issue(const Request& request) const {
    const OwnedKey key = new_key();
    X509* issuer = native_->x509.get();
    const OwnedX509 x509 = begin(request, key.get(), issuer);
    add_extension(x509.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(x509.get(), issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(x509.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(x509.get(), issuer, NID_subject_key_identifier, "hash");
    add_extension(x509.get(), issuer, NID_authority_key_identifier, "keyid:always");
    if (const base::Result<void> named = add_names(x509.get(), request); !named) {
        return named.error();
    }
    if (X509_sign(x509.get(), native_->key.get(), EVP_sha256()) == 0) {
        return failed("OpenSSL can't sign");
    }
    return pem_of(x509.get(), key.get());
}

}  // namespace jetway::io
