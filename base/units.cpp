#include "base/units.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include "base/quoted.h"

namespace jetway::base {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

// Each from the smallest on.
constexpr std::array<Unit, 6> duration_units{{{"ns", 1},
                                              {"us", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", 1'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"h", 3'600'000'000'000}}};
constexpr std::array<Unit, 4> size_units{
    {{"B", 1}, {"KiB", 1U << 10U}, {"MiB", 1U << 20U}, {"GiB", 1U << 30U}}};

// What people write for a unit of ours, in lower case.
struct Misspelling {
    std::string_view written;
    std::string_view meant;
};
constexpr std::array<Misspelling, 12> duration_misspellings{{{"sec", "s"},
                                                             {"secs", "s"},
                                                             {"second", "s"},
                                                             {"seconds", "s"},
                                                             {"msec", "ms"},
                                                             {"usec", "us"},
                                                             {"µs", "us"},
                                                             {"min", "m"},
                                                             {"minute", "m"},
                                                             {"minutes", "m"},
                                                             {"hour", "h"},
                                                             {"hours", "h"}}};
constexpr std::array<Misspelling, 9> size_misspellings{{{"k", "KiB"},
                                                        {"kb", "KiB"},
                                                        {"ki", "KiB"},
                                                        {"m", "MiB"},
                                                        {"mb", "MiB"},
                                                        {"mi", "MiB"},
                                                        {"g", "GiB"},
                                                        {"gb", "GiB"},
                                                        {"gi", "GiB"}}};

struct Family {
    std::string_view expected;
    std::span<const Unit> units;
    std::span<const Misspelling> misspellings;
    std::uint64_t max;
};

const Family durations{"a duration such as `5s` or `20ms`", duration_units, duration_misspellings,
                       std::numeric_limits<std::int64_t>::max()};
const Family sizes{"a size such as `16MiB`, `8KiB` or `512B`", size_units, size_misspellings,
                   std::numeric_limits<std::uint64_t>::max()};

Error bad(std::string detail) {
    return {"bad-config", std::move(detail)};
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

std::string_view meant_unit(const Family& family, std::string_view written) {
    const std::string small = lower(written);
    for (const Unit& unit : family.units) {
        if (lower(unit.name) == small) {
            return unit.name;
        }
    }
    for (const Misspelling& misspelling : family.misspellings) {
        if (misspelling.written == small) {
            return misspelling.meant;
        }
    }
    return {};
}

Result<std::uint64_t> parse(const Family& family, std::string_view text) {
    const std::string expected = "expected " + std::string(family.expected);
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) {
        return bad(expected + ", not " + quoted(text));
    }
    const std::string_view number = text.substr(0, digits);
    std::string_view name = text.substr(digits);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    if (name.empty()) {
        return bad(expected + ": " + quoted(text) + " has no unit");
    }
    if (name.front() == '.' || name.front() == ',') {
        return bad(expected + ": a whole number and a unit, not " + quoted(text));
    }
    const auto unit = std::find_if(family.units.begin(), family.units.end(),
                                   [&](const Unit& u) { return u.name == name; });
    if (unit == family.units.end()) {
        const std::string_view meant = meant_unit(family, name);
        if (meant.empty()) {
            return bad(expected + ", not " + quoted(text));
        }
        return bad(expected + ": did you mean " + quoted(std::string(number) + std::string(meant)) +
                   "?");
    }
    const auto value = parse_count(number);
    if (!value || *value > family.max / unit->factor) {
        return bad(expected + ": " + quoted(text) + " is too large");
    }
    return *value * unit->factor;
}

std::string shortest(const Family& family, std::uint64_t value) {
    const Unit* best = &family.units.front();
    for (const Unit& unit : family.units) {
        if (value != 0 && value % unit.factor == 0) {
            best = &unit;
        }
    }
    return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

Result<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc::result_out_of_range) {
        return bad("expected a whole number: " + quoted(text) + " is too large");
    }
    if (error != std::errc{} || stopped != end) {
        return bad("expected a whole number, not " + quoted(text));
    }
    return value;
}

Result<Duration> parse_duration(std::string_view text) {
    const auto value = parse(durations, text);
    if (!value) {
        return value.error();
    }
    return Duration(static_cast<std::int64_t>(*value));
}

Result<std::uint64_t> parse_size(std::string_view text) {
    return parse(sizes, text);
}

std::string format_duration(Duration duration) {
    if (duration == Duration::zero()) {
        return "0s";
    }
    return shortest(durations, static_cast<std::uint64_t>(duration.count()));
}

std::string format_size(std::uint64_t bytes) {
    return shortest(sizes, bytes);
}

}  // namespace jetway::base
