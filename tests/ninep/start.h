// start: when the time of a test begins, far from the clock's own beginning.
#pragma once

#include "base/time.h"

namespace jetway::tests {

inline constexpr base::Instant start{std::chrono::hours(1)};

}  // namespace jetway::tests
