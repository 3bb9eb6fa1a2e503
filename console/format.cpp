#include "console/format.h"

#include <array>
#include <cstdio>

namespace jetway::console {

namespace {

std::string decimal(double value, int digits) {
    std::array<char, 48> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string format_milliseconds(base::Duration duration) {
    const double value = std::chrono::duration<double, std::milli>(duration).count();
    return decimal(value, value < 0.095 ? 2 : 1) + " ms";
}

std::string format_age(std::uint64_t milliseconds) {
    const std::uint64_t seconds = milliseconds / 1'000;
    const auto two = [](std::uint64_t whole, const char* unit, std::uint64_t rest,
                        const char* smaller) {
        std::string text = std::to_string(whole) + unit;
        return rest == 0 ? text : text + " " + std::to_string(rest) + smaller;
    };
    if (milliseconds < 1'000) {
        return std::to_string(milliseconds) + " ms";
    }
    if (seconds < 60) {
        return std::to_string(seconds) + " s";
    }
    if (seconds < 3'600) {
        return two(seconds / 60, " min", seconds % 60, " s");
    }
    if (seconds < 86'400) {
        return two(seconds / 3'600, " h", seconds % 3'600 / 60, " min");
    }
    return two(seconds / 86'400, " d", seconds % 86'400 / 3'600, " h");
}

std::string format_bytes(std::uint64_t bytes) {
    if (bytes < 1'024) {
        return std::to_string(bytes) + " B";
    }
    auto value = static_cast<double>(bytes);
    const char* unit = "";
    for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value < 1'024) {
            break;
        }
        value /= 1'024;
        unit = next;
    }
    return decimal(value, 1) + " " + unit;
}

std::string format_count(std::uint64_t count) {
    std::string text = std::to_string(count);
    for (std::size_t from_end = 3; from_end < text.size(); from_end += 4) {
        text.insert(text.size() - from_end, ",");
    }
    return text;
}

std::string format_plural(std::uint64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace jetway::console
