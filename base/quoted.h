// quoted: what somebody wrote, as an error message repeats it: in backquotes, cut short, and
// without control characters.
#pragma once

#include <string>
#include <string_view>

namespace jetway::base {

inline std::string quoted(std::string_view written) {
    constexpr std::size_t longest = 160;
    std::string text = "`";
    for (const char c : written.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(c);
        text += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    return text + (written.size() > longest ? "…`" : "`");
}

}  // namespace jetway::base
