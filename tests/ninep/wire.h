// Messages of 9P as exact bytes, made here and not by the codec under test:
//
//     wire(110, 7, u32(0), u32(1), u16(1), s("text"))     Twalk, tag 7
#pragma once

#include <string>
#include <string_view>

namespace jetway::tests {

inline std::string little(std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        text += static_cast<char>((value >> (8 * i)) & 0xffU);
    }
    return text;
}
inline std::string u8(std::uint64_t value) {
    return little(value, 1);
}
inline std::string u16(std::uint64_t value) {
    return little(value, 2);
}
inline std::string u32(std::uint64_t value) {
    return little(value, 4);
}
inline std::string u64(std::uint64_t value) {
    return little(value, 8);
}
inline std::string s(std::string_view text) {
    return u16(text.size()) + std::string(text);
}
inline std::string qid(unsigned type, std::uint64_t path) {
    return u8(type) + u32(0) + u64(path);
}

template <typename... Fields>
std::string wire(unsigned type, unsigned tag, const Fields&... fields) {
    const std::string rest = (u8(type) + u16(tag) + ... + fields);
    return u32(rest.size() + 4) + rest;
}

}  // namespace jetway::tests
