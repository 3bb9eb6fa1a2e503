// Owners of OpenSSL's objects. For io/ only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace jetway::io {

template <auto free_it>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const {
        free_it(object);
    }
};

using OwnedBio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using OwnedX509 = std::unique_ptr<X509, FreeWith<X509_free>>;
using OwnedNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

// A BIO that reads the text, which must outlive it.
OwnedBio bio_of(const std::string& text);

// A password callback that has none: a key that is encrypted is an error, and nobody is asked.
int no_password(char* into, int size, int writing, void* context);

}  // namespace jetway::io
