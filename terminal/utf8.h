// Whether bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace jetway::terminal {

inline bool is_utf8(base::ByteView bytes) {
    std::size_t follow = 0;     // bytes that the present character still lacks
    std::uint8_t least = 0x80;  // what the next of them may be
    std::uint8_t most = 0xbf;
    for (const std::uint8_t byte : bytes) {
        if (follow > 0) {
            if (byte < least || byte > most) {
                return false;
            }
            --follow;
            least = 0x80;
            most = 0xbf;
        } else if (byte >= 0xc2 && byte <= 0xdf) {
            follow = 1;
        } else if (byte >= 0xe0 && byte <= 0xef) {
            follow = 2;
            least = byte == 0xe0 ? 0xa0 : 0x80;
            most = byte == 0xed ? 0x9f : 0xbf;
        } else if (byte >= 0xf0 && byte <= 0xf4) {
            follow = 3;
            least = byte == 0xf0 ? 0x90 : 0x80;
            most = byte == 0xf4 ? 0x8f : 0xbf;
        } else if (byte >= 0x80) {
            return false;
        }
    }
    return follow == 0;
}

}  // namespace jetway::terminal
