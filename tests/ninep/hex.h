// Bytes as hexadecimal text, blanks where the reader wants them.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace jetway::tests {

inline base::Bytes hex(std::string_view text) {
    base::Bytes bytes;
    unsigned half = 0;
    bool high = true;
    for (const char c : text) {
        if (c == ' ') {
            continue;
        }
        const unsigned digit = static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        if (high) {
            half = digit << 4U;
        } else {
            bytes.push_back(static_cast<std::uint8_t>(half | digit));
        }
        high = !high;
    }
    return bytes;
}

// A message's bytes: size, type and tag apart, as far as they are whole.
inline std::string hex_of(base::ByteView bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

}  // namespace jetway::tests
