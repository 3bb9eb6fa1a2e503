// Latencies: round-trip times, counted in buckets a thousandth wide.
//
// Below 2,048 ns every nanosecond has a bucket; above it each power of two has 1,024. That is 0.1 %
// at any magnitude, and 0.5 MiB however long a measurement takes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace jetway::cli {

class Latencies {
public:
    Latencies() : buckets_(std::size_t{55} << 10U) {}

    void add(base::Duration duration) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
        const auto width = static_cast<unsigned>(std::bit_width(value));
        const unsigned shift = width > 11 ? width - 11 : 0;
        ++buckets_[(std::size_t{shift} << 10U) + (value >> shift)];
        ++count_;
        max_ = std::max(max_, duration);
    }

    std::uint64_t count() const { return count_; }
    base::Duration max() const { return max_; }

    // The smallest time that `share` (0 to 1) of all took at most. Zero when there are none.
    base::Duration percentile(double share) const {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > 0 && seen >= wanted) {
                const std::size_t shift = i < 2048 ? 0 : (i >> 10U) - 1;
                return base::Duration(static_cast<std::int64_t>((i - (shift << 10U)) << shift));
            }
        }
        return max_;
    }

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    base::Duration max_{0};
};

}  // namespace jetway::cli
