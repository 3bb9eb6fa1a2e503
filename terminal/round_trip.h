// RoundTrip: how long it takes until a peer has answered, from PINGs and their PONGs. Smoothed as
// TCP does it (RFC 6298, 2.2 and 2.3): an eighth of each sample goes into the mean, a quarter of
// its distance from the mean into the variation.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace jetway::terminal {

class RoundTrip {
public:
    void add(base::Duration sample) {
        last_ = sample;
        if (samples_++ == 0) {
            smoothed_ = least_ = sample;
            variation_ = sample / 2;
            return;
        }
        least_ = std::min(least_, sample);
        const base::Duration off = smoothed_ > sample ? smoothed_ - sample : sample - smoothed_;
        variation_ += (off - variation_) / 4;
        smoothed_ += (sample - smoothed_) / 8;
    }

    std::uint64_t samples() const { return samples_; }  // 0: nothing below means anything
    base::Duration smoothed() const { return smoothed_; }
    base::Duration variation() const { return variation_; }
    base::Duration least() const { return least_; }
    base::Duration last() const { return last_; }

private:
    std::uint64_t samples_ = 0;
    base::Duration smoothed_{};
    base::Duration variation_{};
    base::Duration least_{};
    base::Duration last_{};
};

}  // namespace jetway::terminal
