#include "sim/topology.h"

#include <algorithm>

namespace jetway::sim {

Topology Topology::of(std::size_t machines) {
    Topology topology;
    for (std::size_t i = 0; i < machines; ++i) {
        topology.machines.push_back({.name = "m" + std::to_string(i), .services = {}});
    }
    return topology;
}

void Topology::join(std::size_t a, std::size_t b) {
    const auto one = static_cast<MachineId>(a);
    const auto other = static_cast<MachineId>(b);
    if (one != other && link_between(one, other) == links.size()) {
        links.push_back({.a = one, .b = other});
    }
}

std::size_t Topology::link_between(MachineId a, MachineId b) const {
    const auto found = std::find_if(links.begin(), links.end(), [a, b](const Link& link) {
        return (link.a == a && link.b == b) || (link.a == b && link.b == a);
    });
    return static_cast<std::size_t>(found - links.begin());
}

void Topology::deal_services(std::size_t services, std::size_t copies) {
    for (std::size_t i = 0; i < services; ++i) {
        for (std::size_t copy = 0; copy < copies; ++copy) {
            Machine& machine =
                machines[(i + copy * (machines.size() / copies + 1)) % machines.size()];
            machine.services.push_back("s" + std::to_string(i));
        }
    }
}

base::Result<Topology> make_topology(std::string_view kind, std::size_t machines,
                                     base::Random& random) {
    if (machines < 2) {
        return base::Error{"usage", "a topology has at least 2 machines"};
    }
    Topology topology = Topology::of(machines);
    const auto earlier = [&random](std::size_t than) { return random.below(than); };
    if (kind == "line" || kind == "ring") {
        for (std::size_t i = 1; i < machines; ++i) {
            topology.join(i - 1, i);
        }
        if (kind == "ring" && machines > 2) {
            topology.join(machines - 1, 0);
        }
    } else if (kind == "mesh") {
        for (std::size_t i = 0; i < machines; ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                topology.links.push_back(
                    {.a = static_cast<MachineId>(j), .b = static_cast<MachineId>(i)});
            }
        }
    } else if (kind == "star") {
        for (std::size_t i = 1; i < machines; ++i) {
            topology.join(0, i);
        }
    } else if (kind == "grid") {
        std::size_t width = 1;
        while ((width + 1) * (width + 1) <= machines) {
            ++width;
        }
        for (std::size_t i = 0; i < machines; ++i) {
            if (i % width != 0) {
                topology.join(i - 1, i);
            }
            if (i >= width) {
                topology.join(i - width, i);
            }
        }
    } else if (kind == "random") {
        for (std::size_t i = 1; i < machines; ++i) {
            topology.join(earlier(i), i);
        }
        for (std::size_t i = 0; i < machines; ++i) {
            topology.join(random.below(machines), random.below(machines));
        }
    } else if (kind == "scale-free") {
        std::vector<std::size_t> ends = {0};
        for (std::size_t i = 1; i < machines; ++i) {
            for (int twice = 0; twice < 2; ++twice) {
                const std::size_t to = ends[random.below(ends.size())];
                if (to != i &&
                    topology.link_between(static_cast<MachineId>(to), static_cast<MachineId>(i)) ==
                        topology.links.size()) {
                    topology.join(to, i);
                    ends.push_back(to);
                    ends.push_back(i);
                }
            }
        }
    } else {
        return base::Error{
            "usage", "a topology is line, ring, mesh, star, grid, random or scale-free, not `" +
                         std::string(kind) + "`"};
    }
    return topology;
}

}  // namespace jetway::sim
