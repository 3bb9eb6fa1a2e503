// Topology: the machines of a mesh, the links between them and the services on them, as the
// simulator runs them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "balance/policy.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace jetway::sim {

using MachineId = std::uint32_t;  // an index into Topology::machines

struct Machine {
    std::string name;
    std::vector<std::string> services;
};

// A network between two machines. Each side may count it at a cost of its own.
struct Link {
    MachineId a = 0;
    MachineId b = 0;
    std::uint16_t cost_at_a = 1;
    std::uint16_t cost_at_b = 1;
    bool a_dials = true;  // who has the other in its configuration; one of them at least
    bool b_dials = true;
    base::Duration latency = std::chrono::milliseconds(1);  // one way
    base::Duration jitter{};                                // added to it, up to this
    std::uint64_t bandwidth = 0;                            // bytes a second each way; 0: no bound

    MachineId other(MachineId machine) const { return machine == a ? b : a; }
};

struct Topology {
    std::vector<Machine> machines;
    std::vector<Link> links;
    std::map<std::string, balance::Policy> policies;  // of services, where they have one

    // Machines m0, m1, … without services or links.
    static Topology of(std::size_t machines);

    void join(std::size_t a, std::size_t b);
    // The index of the link between two machines; links.size() when there is none.
    std::size_t link_between(MachineId a, MachineId b) const;
    // `services` names dealt out in turn, `copies` machines each.
    void deal_services(std::size_t services, std::size_t copies = 1);
};

// line, ring, mesh, star, grid, random (a tree and as many links again), scale-free (each newcomer
// joins two that are drawn by how many links they have). Error `usage` for any other kind, or fewer
// than 2 machines.
base::Result<Topology> make_topology(std::string_view kind, std::size_t machines,
                                     base::Random& random);

}  // namespace jetway::sim
