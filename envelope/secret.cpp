// As in announce.cpp: SHA-256 by itself.
#define OPENSSL_API_COMPAT 0x10100000L

#include "envelope/secret.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

namespace jetway::envelope {

namespace {

using Hash = std::array<std::uint8_t, SHA256_DIGEST_LENGTH>;

Hash hash_of(std::string_view text) {
    Hash hash;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, text.data(), text.size());
    SHA256_Final(hash.data(), &context);
    return hash;
}

}  // namespace

// Of the hashes, for these are of one length.
bool same_secret(std::string_view secret, std::string_view given) {
    const Hash ours = hash_of(secret);
    const Hash theirs = hash_of(given);
    return CRYPTO_memcmp(ours.data(), theirs.data(), ours.size()) == 0;
}

}  // namespace jetway::envelope
