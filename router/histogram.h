// Histogram: how many of something were no more than each of a few bounds, and their sum.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace jetway::router {

template <std::size_t Bounds>
class Histogram {
public:
    // In ascending order; what is greater than the last one has a place of its own.
    explicit constexpr Histogram(const std::array<std::uint64_t, Bounds>& bounds)
        : bounds_(bounds) {}

    void add(std::uint64_t value, std::uint64_t times) {
        const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
        counts_[static_cast<std::size_t>(at - bounds_.begin())] += times;
        sum_ += value * times;
    }

    const std::array<std::uint64_t, Bounds>& bounds() const { return bounds_; }
    // Of those up to each bound that aren't up to the one before it; last: above all.
    const std::array<std::uint64_t, Bounds + 1>& counts() const { return counts_; }
    std::uint64_t sum() const { return sum_; }

private:
    std::array<std::uint64_t, Bounds> bounds_;
    std::array<std::uint64_t, Bounds + 1> counts_{};
    std::uint64_t sum_ = 0;
};

}  // namespace jetway::router
