// Moments as people name them: an age, or a time of day of this host; and back. A router's answers
// carry ages only, for its clock is its own. What time it is, is told; the time zone is that of
// this host.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jetway::console {

using WallTime = std::chrono::system_clock::time_point;

// How long before `now` that moment was. `text` is an age (`30s`, `5min`, `2h`), or a local time
// HH:MM:SS or HH:MM: the latest that isn't after `now`, so today's or yesterday's. Errors: `usage`.
base::Result<std::chrono::milliseconds> age_of(std::string_view text, WallTime now);

// Local, as ISO 8601 has it, in milliseconds: "2025-11-20T14:03:22.123+01:00".
std::string timestamp(WallTime at);

// The same for a reader, to whom it is `now`: "14:03:22.123", or "2025-11-20 14:03:22.123" when
// that was another day.
std::string short_time(const std::string& timestamp, const std::string& now);

}  // namespace jetway::console
