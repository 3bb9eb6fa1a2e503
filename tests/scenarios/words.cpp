#include "tests/scenarios/words.h"

#include <algorithm>
#include <charconv>

namespace jetway::scenarios {

namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> pieces;
    for (bool more = true; more;) {
        const std::size_t end = text.find(at);
        more = end != std::string_view::npos;
        pieces.emplace_back(trimmed(text.substr(0, end)));
        text.remove_prefix(more ? end + 1 : text.size());
    }
    return pieces;
}

std::string join(const std::vector<std::string>& pieces, std::string_view between) {
    std::string all;
    for (const std::string& piece : pieces) {
        all += (all.empty() ? "" : std::string(between)) + piece;
    }
    return all;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

base::Result<base::Duration> read_duration(std::string_view text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::optional<std::uint64_t> number = read_number(text.substr(0, digits));
    const std::string_view unit = text.substr(digits);
    if (number && unit == "ms") {
        return base::Duration(std::chrono::milliseconds(*number));
    }
    if (number && unit == "s") {
        return base::Duration(std::chrono::seconds(*number));
    }
    if (number && unit == "min") {
        return base::Duration(std::chrono::minutes(*number));
    }
    return usage("a time like 20ms, 5s or 10min was expected, not '" + std::string(text) + "'");
}

Words::Words(std::string_view line) {
    for (const std::string& word : split(line, ' ')) {
        const std::size_t dots = word.find("..");
        const std::size_t digits = word.find_first_of("0123456789");
        if (dots == std::string::npos || digits >= dots) {
            if (!word.empty()) {
                words_.push_back(word);
            }
            continue;
        }
        const std::string stem = word.substr(0, digits);
        const auto first = read_number(std::string_view(word).substr(digits, dots - digits));
        const auto last = read_number(std::string_view(word).substr(dots + 2 + stem.size()));
        for (std::uint64_t i = first.value_or(1); i <= last.value_or(0); ++i) {
            words_.push_back(stem + std::to_string(i));
        }
    }
}

bool Words::take_if(std::string_view word) {
    const bool is = !empty() && peek() == word;
    next_ += is ? 1 : 0;
    return is;
}

std::string Words::rest() {
    std::string all;
    while (!empty()) {
        all += (all.empty() ? "" : " ") + take();
    }
    return all;
}

}  // namespace jetway::scenarios
