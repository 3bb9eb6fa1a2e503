// The short digests of routes, catalogs and names.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace jetway::envelope {

// The first 8 bytes, big-endian, of the SHA-256.
std::uint64_t first_of_sha256(base::ByteView bytes);

}  // namespace jetway::envelope
