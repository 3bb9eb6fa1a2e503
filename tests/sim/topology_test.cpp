#include <doctest/doctest.h>

#include "sim/checker.h"

namespace jetway::sim {

namespace {

// How many machines can be reached from the first over the topology's links.
std::size_t reached(const Topology& topology) {
    std::vector<bool> seen(topology.machines.size());
    std::vector<MachineId> next = {0};
    seen[0] = true;
    std::size_t count = 1;
    while (!next.empty()) {
        const MachineId at = next.back();
        next.pop_back();
        for (const Link& link : topology.links) {
            if ((link.a == at || link.b == at) && !seen[link.other(at)]) {
                seen[link.other(at)] = true;
                ++count;
                next.push_back(link.other(at));
            }
        }
    }
    return count;
}

}  // namespace

TEST_SUITE("sim.topology") {
    TEST_CASE("every kind joins all machines, and joins no two of them twice") {
        for (const char* kind : {"line", "ring", "mesh", "star", "grid", "random", "scale-free"}) {
            for (const std::size_t machines : {2U, 3U, 10U, 31U}) {
                base::Random random(machines);
                const base::Result<Topology> topology = make_topology(kind, machines, random);
                REQUIRE(topology);
                CAPTURE(kind);
                CAPTURE(machines);
                CHECK(topology->machines.size() == machines);
                CHECK(reached(*topology) == machines);
                for (std::size_t i = 0; i < topology->links.size(); ++i) {
                    const Link& link = topology->links[i];
                    CHECK(link.a != link.b);
                    CHECK(topology->link_between(link.a, link.b) == i);
                }
            }
        }
    }

    TEST_CASE("another kind, or a single machine, is an error that says what is expected") {
        base::Random random(1);
        CHECK(make_topology("torus", 9, random).error().detail.find("scale-free") !=
              std::string::npos);
        CHECK(make_topology("ring", 1, random).error().code == "usage");
    }

    TEST_CASE("services are dealt out to as many machines each as asked for") {
        Topology topology = Topology::of(10);
        topology.deal_services(20, 2);
        std::size_t all = 0;
        for (const Machine& machine : topology.machines) {
            all += machine.services.size();
        }
        CHECK(all == 40);
    }

    TEST_CASE("the least costs count each side's cost of a link, and no link that is cut") {
        Topology topology = Topology::of(3);
        topology.join(0, 1);
        topology.join(1, 2);
        topology.join(0, 2);
        topology.links[2].cost_at_a = 5;
        World world(topology, {}, 1);
        for (HostId host = 0; host < 3; ++host) {
            world.start(host, 1);
        }
        CHECK(least_costs(world, 0) == std::vector<std::uint32_t>{0, 1, 2});
        CHECK(least_costs(world, 2) == std::vector<std::uint32_t>{1, 1, 0});
        world.cut(0);
        CHECK(least_costs(world, 0) == std::vector<std::uint32_t>{0, 6, 5});
        world.crash(2, true);
        CHECK(least_costs(world, 0) ==
              std::vector<std::uint32_t>{0, envelope::infinity, envelope::infinity});
    }
}

}  // namespace jetway::sim
