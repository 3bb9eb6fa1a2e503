// Run: one seed's whole story: a mesh, its options and its faults are drawn, it runs under the
// checker, the faults end, and it has to come to rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/faults.h"

namespace jetway::sim {

struct RunOptions {
    std::size_t least_machines = 3;
    std::size_t most_machines = 30;
    bool story = false;  // keep the lines
};

struct Outcome {
    std::uint64_t seed = 0;
    std::string violation;  // empty: none
    std::string what;       // the mesh and the faults, in a line
    std::size_t machines = 0;
    base::Duration simulated{};
    base::Duration settled_after{};  // the faults' end
    std::uint64_t events = 0;
    std::uint64_t states = 0;    // turns that changed a table, each checked for loops
    std::uint64_t followed = 0;  // hops of routes that were followed for that
    std::uint64_t sent = 0;      // envelopes
    std::uint64_t answered = 0;  // of these
    std::uint64_t choices = 0;   // of these: whether the instance was one known to be up
    std::uint64_t holds = 0;     // HOLD frames, of the routers that were there at the end
    std::uint64_t fingerprint = 0;
    std::array<std::uint64_t, fault_names.size()> faults{};
    std::vector<std::string> story;
};

// The same seed and options give the same outcome.
Outcome run(std::uint64_t seed, const RunOptions& options);

}  // namespace jetway::sim
