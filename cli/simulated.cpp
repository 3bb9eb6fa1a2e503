#include "cli/simulated.h"

#include <map>

namespace jetway::cli {

sim::Topology topology_of(const config::Deployment& deployment) {
    sim::Topology topology;
    std::map<std::string, sim::MachineId> ids;
    for (const config::MachineConfig& machine : deployment.machines) {
        ids.emplace(machine.name, static_cast<sim::MachineId>(topology.machines.size()));
        sim::Machine& simulated = topology.machines.emplace_back();
        simulated.name = machine.name;
        for (const router::ConfiguredService& service : machine.router.services) {
            simulated.services.push_back(service.name);
        }
    }
    for (const config::MachineConfig& machine : deployment.machines) {
        const sim::MachineId here = ids.at(machine.name);
        for (const config::LinkConfig& configured : machine.links) {
            const sim::MachineId there = ids.at(configured.peer);
            const std::size_t known = topology.link_between(here, there);
            if (known < topology.links.size()) {  // the other side has named it
                topology.links[known].cost_at_b = configured.cost;
                topology.links[known].b_dials = true;
            } else {
                topology.links.push_back({.a = here,
                                          .b = there,
                                          .cost_at_a = configured.cost,
                                          .cost_at_b = 1,
                                          .a_dials = true,
                                          .b_dials = false});
            }
        }
    }
    return topology;
}

router::Options simulated_options(const config::Deployment& deployment) {
    router::Options options = deployment.machines.front().router;
    options.machine.clear();
    options.services.clear();
    options.links.clear();
    options.history = 0;
    return options;
}

}  // namespace jetway::cli
