#include "envelope/pattern.h"

#include <algorithm>

namespace jetway::envelope {

bool valid_name_pattern(std::string_view pattern) {
    return !pattern.empty() && pattern.size() <= max_name &&
           std::all_of(pattern.begin(), pattern.end(), [](char c) {
               return c == '*' || c == '.' || c == '_' || c == '-' || (c >= 'a' && c <= 'z') ||
                      (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
           });
}

bool valid_address_pattern(std::string_view pattern) {
    const std::size_t at = pattern.find('@');
    return at == std::string_view::npos ? valid_name_pattern(pattern)
                                        : valid_name_pattern(pattern.substr(0, at)) &&
                                              valid_name_pattern(pattern.substr(at + 1));
}

// Only the last `*` is ever tried again: what an earlier one took could have been taken by it.
bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken_to = 0;  // by that `*`
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken_to = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken_to;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool matches_address(std::string_view pattern, const Address& address) {
    const std::size_t at = pattern.find('@');
    if (at == std::string_view::npos) {
        return matches(pattern, address.service);
    }
    const std::string_view machine = pattern.substr(at + 1);
    const bool open = address.machine.empty() || address.everywhere();
    return matches(pattern.substr(0, at), address.service) &&
           (open ? machine == "*" : matches(machine, address.machine));
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [text](const std::string& pattern) { return matches(pattern, text); });
}

}  // namespace jetway::envelope
