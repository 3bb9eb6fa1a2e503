// Passage: how long envelopes took through this router, and how many hops those had made that
// arrived here.
//
// The core reads no clock, and forwarding none for each envelope. The shell measures a whole turn,
// from when its bytes were read to when all that it caused was handed to the system, and every
// envelope that was handled in it counts with that time: an upper bound, at the cost of one look at
// the clock a turn. What waited, for a route or a held destination, counts apart with the time that
// it waited.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.h"
#include "router/histogram.h"

namespace jetway::router {

struct Passage {
    static constexpr std::size_t most_hops = 63;  // more count as that many

    // Of an envelope that is delivered here: what it began with, and what is left of it. Who sets a
    // limit of its own for an envelope makes it look as if it had come from nearer or farther.
    void count_hops(std::uint8_t limit, std::uint8_t left) {
        ++hops[limit > left ? std::min<std::size_t>(limit - left, most_hops) : 0];
    }

    Histogram<14> forwarding{{5, 10, 25, 50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000,
                              100'000, 1'000'000}};  // microseconds
    Histogram<8> waiting{{1'000, 5'000, 25'000, 100'000, 250'000, 1'000'000, 5'000'000,
                          30'000'000}};  // microseconds
    std::array<std::uint64_t, most_hops + 1> hops{};
    std::uint64_t late = 0;     // that waited, and wait no more
    std::uint64_t counted = 0;  // in `forwarding`
};

}  // namespace jetway::router
