// Instant and Duration: time as the core is told it. There is no now() here: the shell reads its
// clock once a turn of its loop and hands the Instant in; the simulator makes its own.
#pragma once

#include <chrono>
#include <cstdint>

namespace jetway::base {

using Duration = std::chrono::nanoseconds;

// A clock that can't be read. Its epoch is whatever the shell says; only differences mean anything.
struct ShellClock {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<ShellClock, Duration>;
    static constexpr bool is_steady = true;
};

using Instant = ShellClock::time_point;

// An Instant no deadline reaches.
inline constexpr Instant never = Instant::max();

inline std::int64_t to_microseconds(Duration d) {
    return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace jetway::base
