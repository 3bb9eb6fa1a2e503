// What the simulator finds in a build of gossip that lacks one of its rules.
#pragma once

#include <cstdint>
#include <string>

#include "sim/run.h"

namespace jetway::sim::testing {

// The first violation among so many seeds that has `words` in it; empty: none.
inline std::string first_violation(std::uint64_t seeds, const std::string& words) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Outcome outcome = run(seed, {});
        if (outcome.violation.find(words) != std::string::npos) {
            return outcome.violation;
        }
    }
    return {};
}

}  // namespace jetway::sim::testing
