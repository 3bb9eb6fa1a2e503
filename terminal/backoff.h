// Backoff: when to dial again. The first redial is immediate; after that each wait doubles, from
// 100 ms up to 5 s, and is drawn from its upper half, so that routers which lost each other at once
// do not dial at once. It never gives up.
#pragma once

#include <algorithm>

#include "base/random.h"
#include "base/time.h"

namespace jetway::terminal {

class Backoff {
public:
    static constexpr base::Duration least = std::chrono::milliseconds(100);
    static constexpr base::Duration most = std::chrono::seconds(5);

    // The wait before the next attempt.
    base::Duration next(base::Random& random) {
        const base::Duration ceiling = ceiling_;
        ceiling_ = std::clamp(2 * ceiling_, least, most);
        const auto half = static_cast<std::uint64_t>(ceiling.count() / 2);
        return base::Duration(ceiling.count() -
                              static_cast<base::Duration::rep>(random.below(half + 1)));
    }

    // An attempt succeeded: the next wait is none again.
    void reset() { ceiling_ = base::Duration::zero(); }

private:
    base::Duration ceiling_ = base::Duration::zero();
};

}  // namespace jetway::terminal
