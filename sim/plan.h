// Plan: what one seed draws before anything runs: a mesh, its options, and the kinds of faults that
// it will have.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "router/options.h"
#include "sim/faults.h"
#include "sim/topology.h"

namespace jetway::sim {

struct Plan {
    Topology topology;
    router::Options options;   // of every machine
    std::vector<Fault> kinds;  // may be none
    bool traffic = false;      // envelopes are sent
    bool answers = false;      // and answered
    std::string what;          // the mesh and the faults, in a line

    bool has(Fault fault) const;
};

// `least` to `most` machines. What is drawn of balancing comes from `policies`, so that a seed's
// mesh and faults are what they would be without.
Plan draw_plan(base::Random& random, base::Random& policies, std::size_t least, std::size_t most);

balance::Policy any_policy(base::Random& policies);

}  // namespace jetway::sim
