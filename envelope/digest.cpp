// OpenSSL's SHA-256 by itself, without the providers of its newer interface: they would cost an
// idle router megabytes, and every digest a look-up.
#define OPENSSL_API_COMPAT 0x10100000L

#include "envelope/digest.h"

#include <openssl/sha.h>

#include <array>

namespace jetway::envelope {

std::uint64_t first_of_sha256(base::ByteView bytes) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.data(), bytes.size());
    SHA256_Final(hash.data(), &context);
    return base::read_be<std::uint64_t>(hash.data());
}

}  // namespace jetway::envelope
