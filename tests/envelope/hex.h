// Bytes written as hex, and small msgpack values for tests to build bodies of.
#pragma once

#include <string>

#include "base/bytes.h"
#include "envelope/packer.h"

namespace jetway::test {

// "00 1f a0" -> bytes; blanks are skipped.
inline base::Bytes hex(std::string_view text) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    base::Bytes bytes;
    std::string digits;
    for (const char c : text) {
        if (c != ' ' && c != '\n') {
            digits += c;
        }
    }
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>((digit(digits[i]) << 4U) | digit(digits[i + 1])));
    }
    return bytes;
}

inline std::string to_hex(base::ByteView bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

inline base::Bytes copy(base::ByteView bytes) {
    return {bytes.begin(), bytes.end()};
}

inline base::Bytes joined(base::Bytes first, base::ByteView second) {
    base::append(first, second);
    return first;
}

// One value of every type of the format, each under its name.
struct Sample {
    const char* type;
    base::Bytes value;
};

inline std::vector<Sample> samples() {
    return {{"nil", hex("c0")},
            {"never used", hex("c1")},
            {"boolean", hex("c3")},
            {"uint", hex("07")},
            {"negative", hex("ff")},
            {"float", hex("ca 3f800000")},
            {"double", hex("cb 3ff0000000000000")},
            {"str", hex("a1 61")},
            {"empty str", hex("a0")},
            {"bin", hex("c4 01 00")},
            {"array", hex("91 01")},
            {"map", hex("81 a1 61 01")},
            {"ext", hex("d4 01 00")}};
}

// An array in an array, `depth` deep, with nil at the bottom.
inline base::Bytes nested(std::size_t depth) {
    base::Bytes bytes(depth, 0x91);
    bytes.push_back(0xc0);
    return bytes;
}

// The map of one key and a value that is msgpack already.
inline base::Bytes map_of(std::string_view key, base::ByteView value) {
    base::Bytes bytes;
    envelope::Packer(bytes).map(1).text(key).raw(value);
    return bytes;
}

}  // namespace jetway::test
