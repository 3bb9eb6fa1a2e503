// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace jetway::console {

std::string format_milliseconds(base::Duration duration);  // "0.2 ms", "0.04 ms", "12.3 ms"
std::string format_age(std::uint64_t milliseconds);  // "340 ms", "12 s", "3 min 5 s", "2 d 4 h"
std::string format_bytes(std::uint64_t bytes);       // "512 B", "1.5 KiB", "16.0 MiB"
std::string format_count(std::uint64_t count);       // "1,234,567"

// "1 hop", "2 hops"
std::string format_plural(std::uint64_t count, const std::string& noun);

}  // namespace jetway::console
