#include "console/text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace jetway::console {

namespace {

struct CodePoint {
    char32_t value = 0;
    std::size_t size = 0;  // bytes; 0: these bytes are no UTF-8
};

// Refuses what RFC 3629 does: over-long forms, surrogates, and what is beyond U+10FFFF.
CodePoint next(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) {
        return {first, 1};
    }
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) {
        return {};
    }
    char32_t value = first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) {
            return {};
        }
        value = (value << 6U) | (byte(i) & 0x3fU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
        return {};
    }
    return {value, size};
}

struct Range {
    char32_t first;
    char32_t last;
};

// The common ones: enough to align names; not all of Unicode.
constexpr Range combining[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},
                               {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
                               {0xfe20, 0xfe2f}};
constexpr Range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                          {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                          {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                          {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

bool within(const Range* begin, const Range* end, char32_t value) {
    return std::any_of(begin, end, [value](const Range& range) {
        return value >= range.first && value <= range.last;
    });
}

// Includes what turns the direction of writing around: it can make a line say something else.
bool is_control(char32_t value) {
    return value < 0x20 || (value >= 0x7f && value < 0xa0) ||
           (value >= 0x2028 && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069);
}

}  // namespace

std::string printable(std::string_view text) {
    constexpr std::string_view replacement = "\xef\xbf\xbd";
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const CodePoint one = next(text);
        if (one.size == 0 || is_control(one.value)) {
            result += replacement;
        } else {
            result += text.substr(0, one.size);
        }
        text.remove_prefix(std::max<std::size_t>(1, one.size));
    }
    return result;
}

std::string escaped(std::string_view text) {
    constexpr std::size_t longest = 160;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result = "`";
    while (!text.empty()) {
        if (result.size() > longest) {
            return result + "…`";
        }
        const CodePoint one = next(text);
        const std::size_t size = std::max<std::size_t>(1, one.size);
        if (one.size > 0 && !is_control(one.value)) {
            result += text.substr(0, size);
        } else {
            for (const char c : text.substr(0, size)) {
                const auto byte = static_cast<std::uint8_t>(c);
                result += {'\\', 'x', digits[byte >> 4U], digits[byte & 0x0fU]};
            }
        }
        text.remove_prefix(size);
    }
    return result + "`";
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const CodePoint one = next(text);
        if (one.size == 0) {
            return false;
        }
        text.remove_prefix(one.size);
    }
    return true;
}

std::size_t width(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const CodePoint one = next(text);
        text.remove_prefix(std::max<std::size_t>(1, one.size));
        if (within(std::begin(combining), std::end(combining), one.value)) {
            continue;
        }
        columns += within(std::begin(wide), std::end(wide), one.value) ? 2U : 1U;
    }
    return columns;
}

}  // namespace jetway::console
