// Single points of failure: links and machines without which others no longer reach one another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/reach.h"
#include "sim/topology.h"

namespace jetway::cli {

struct SinglePoint {
    std::optional<sim::MachineId> machine;  // this one; else
    std::size_t link = 0;                   // this one, an index of the topology
    // What is left of those that it joins, in groups that no longer reach one another; the largest
    // first, of equals the one that stands first in the file.
    std::vector<std::vector<sim::MachineId>> islands;
};

// Machines first, each kind in the order of the topology. Only pairs that reach each other now, by
// `reach`, count. What is left is found by following links, since routers find every way that
// there is; a way whose costs add up to 65535 or more is none for them, which is not looked at.
std::vector<SinglePoint> find_single_points(const sim::Topology& topology, const Reach& reach);

}  // namespace jetway::cli
