#include "console/moment.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <optional>

#include "base/units.h"

namespace jetway::console {

namespace {

constexpr std::size_t date_length = 10;   // 2025-11-20
constexpr std::size_t clock_length = 12;  // 14:03:22.123

base::Error no_moment(std::string_view text) {
    return {"usage", "`" + std::string(text) +
                         "` is no moment: write an age, like 30s or 5min, or a time of day, "
                         "HH:MM:SS"};
}

// Two digits and at most `greatest`.
std::optional<int> two_digits(std::string_view text, int greatest) {
    if (text.size() != 2 || text.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    const int value = (text[0] - '0') * 10 + (text[1] - '0');
    return value <= greatest ? std::optional<int>(value) : std::nullopt;
}

std::tm local_time(WallTime at) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
    std::tm broken{};
    ::localtime_r(&seconds, &broken);
    return broken;
}

// `days` before today's time of day.
WallTime at_clock(const std::tm& today, int days, int hours, int minutes, int seconds) {
    std::tm then = today;
    then.tm_mday -= days;
    then.tm_hour = hours;
    then.tm_min = minutes;
    then.tm_sec = seconds;
    then.tm_isdst = -1;
    return std::chrono::system_clock::from_time_t(std::mktime(&then));
}

}  // namespace

base::Result<std::chrono::milliseconds> age_of(std::string_view text, WallTime now) {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    if (text.find(':') == std::string_view::npos) {
        std::string age(text);
        if (age.ends_with("min")) {
            age.resize(age.size() - 2);
        }
        const base::Result<base::Duration> duration = base::parse_duration(age);
        if (!duration) {
            return no_moment(text);
        }
        return duration_cast<milliseconds>(*duration);
    }
    const bool with_seconds = text.size() == 8 && text[5] == ':';
    if (text.size() < 5 || text[2] != ':' || (text.size() != 5 && !with_seconds)) {
        return no_moment(text);
    }
    const auto hours = two_digits(text.substr(0, 2), 23);
    const auto minutes = two_digits(text.substr(3, 2), 59);
    const auto seconds = with_seconds ? two_digits(text.substr(6, 2), 59) : std::optional<int>(0);
    if (!hours || !minutes || !seconds) {
        return no_moment(text);
    }
    const std::tm today = local_time(now);
    WallTime at = at_clock(today, 0, *hours, *minutes, *seconds);
    if (at > now) {
        at = at_clock(today, 1, *hours, *minutes, *seconds);
    }
    return duration_cast<milliseconds>(now - at);
}

std::string timestamp(WallTime at) {
    const std::tm local = local_time(at);
    std::array<char, 32> day{};
    std::array<char, 16> zone{};
    std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &local);
    std::strftime(zone.data(), zone.size(), "%z", &local);
    const auto since = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03d", static_cast<int>(since % 1'000));
    std::string offset = zone.data();
    if (offset.size() == 5) {
        offset.insert(3, ":");
    }
    return std::string(day.data()) + fraction.data() + offset;
}

std::string short_time(const std::string& timestamp, const std::string& now) {
    if (timestamp.size() < date_length + 1 + clock_length) {
        return timestamp;
    }
    const std::string clock = timestamp.substr(date_length + 1, clock_length);
    const std::string date = timestamp.substr(0, date_length);
    return now.starts_with(date) ? clock : date + " " + clock;
}

}  // namespace jetway::console
