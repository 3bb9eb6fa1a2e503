// Random: seeded pseudo-random numbers (SplitMix64), the same on every machine for the same seed.
// Not for secrets.
#pragma once

#include <cstdint>

namespace jetway::base {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    // Uniform over all 64-bit values. Steele, Lea, Flood: "Fast splittable pseudorandom number
    // generators", OOPSLA 2014.
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    // Uniform in [0, bound); 0 for a bound of 0. The bias of the modulo is below 2^-32 for the
    // bounds used here.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

private:
    std::uint64_t state_;
};

}  // namespace jetway::base
