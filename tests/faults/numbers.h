// Numbers: which numbers of one stream have arrived, how often, and in what order. Latencies: how
// long they took.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"

namespace jetway::faults {

// [first, last] of runs of numbers.
using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

class Numbers {
public:
    // Numbers above it are no numbers of ours.
    static constexpr std::uint64_t most = std::uint64_t{1} << 28U;

    // `marked`: POSSIBLE_DUPLICATE is set on it. False: it is out of range.
    bool take(std::uint64_t number, bool marked) {
        if (number >= most) {
            return false;
        }
        if (number >= seen_.size()) {
            seen_.resize(std::max(number + 1, seen_.size() * 2), false);
        }
        marked_ += marked ? 1 : 0;
        if (seen_[number]) {
            ++repeated_;
            repeated_unmarked_ += marked ? 0 : 1;
            return true;
        }
        seen_[number] = true;
        out_of_order_ += distinct_ != 0 && number < newest_ ? 1 : 0;
        newest_ = std::max(newest_, number);
        ++distinct_;
        return true;
    }

    std::uint64_t distinct() const { return distinct_; }
    std::uint64_t newest() const { return newest_; }
    std::uint64_t marked() const { return marked_; }
    std::uint64_t repeated() const { return repeated_; }
    std::uint64_t repeated_unmarked() const { return repeated_unmarked_; }
    // Arrived after a greater one, and not for the second time.
    std::uint64_t out_of_order() const { return out_of_order_; }

    // The first `at_most` runs below the newest that did not arrive.
    Ranges gaps(std::size_t at_most) const {
        Ranges gaps;
        for (std::uint64_t i = 0; distinct_ != 0 && i < newest_; ++i) {
            if (seen_[i]) {
                continue;
            }
            if (!gaps.empty() && gaps.back().second + 1 == i) {
                gaps.back().second = i;
            } else if (gaps.size() == at_most) {
                break;
            } else {
                gaps.emplace_back(i, i);
            }
        }
        return gaps;
    }

private:
    std::vector<bool> seen_;
    std::uint64_t distinct_ = 0;
    std::uint64_t newest_ = 0;
    std::uint64_t marked_ = 0;
    std::uint64_t repeated_ = 0;
    std::uint64_t repeated_unmarked_ = 0;
    std::uint64_t out_of_order_ = 0;
};

class Latencies {
public:
    static constexpr std::size_t most = 20'000'000;  // more are not counted

    void add(base::Duration latency) {
        if (all_.size() < most) {
            all_.push_back(static_cast<std::uint32_t>(
                std::clamp<std::int64_t>(base::to_microseconds(latency), 0, UINT32_MAX)));
        }
    }

    // Microseconds; `part` is 0 to 1. 0 when there are none.
    std::uint32_t at(double part) {
        if (all_.empty()) {
            return 0;
        }
        const auto index = static_cast<std::size_t>(part * static_cast<double>(all_.size() - 1));
        const auto found = all_.begin() + static_cast<std::ptrdiff_t>(index);
        std::nth_element(all_.begin(), found, all_.end());
        return *found;
    }

    std::size_t count() const { return all_.size(); }
    void clear() { all_.clear(); }

private:
    std::vector<std::uint32_t> all_;
};

}  // namespace jetway::faults
