// A deployment as the simulator runs it: the same machines, links, costs, services and limits,
// without the addresses.
#pragma once

#include "config/deployment.h"
#include "router/options.h"
#include "sim/topology.h"

namespace jetway::cli {

// One link for every two machines of which one names the other. The index of a machine in the
// topology is its index in the deployment.
sim::Topology topology_of(const config::Deployment& deployment);

// What the file's first machine is started with, but for its name, services and links: the
// simulator gives all its routers the same settings.
router::Options simulated_options(const config::Deployment& deployment);

}  // namespace jetway::cli
