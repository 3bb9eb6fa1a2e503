// Durations and sizes as people write them: a whole number and a unit, `20ms`, `16MiB`.
//
// A number without a unit is refused, so that nobody has to guess; so are fractions (`500ms` says
// what `0.5s` would). The errors say what was expected, and what was probably meant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace jetway::base {

Result<Duration> parse_duration(std::string_view text);    // ns us ms s m h
Result<std::uint64_t> parse_size(std::string_view text);   // B KiB MiB GiB
Result<std::uint64_t> parse_count(std::string_view text);  // decimal digits

// The shortest form that the parsers read back as the same: `1500ms`, `5s`, `16MiB`.
std::string format_duration(Duration duration);
std::string format_size(std::uint64_t bytes);

}  // namespace jetway::base
