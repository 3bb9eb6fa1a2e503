#include "sim/plain.h"

#include <doctest/doctest.h>

namespace jetway::sim {

using std::chrono::seconds;

TEST_SUITE("sim.plain") {
    TEST_CASE("the plain algorithm delivers as long as nothing fails") {
        base::Random random(1);
        Topology topology = *make_topology("grid", 16, random);
        topology.deal_services(16);
        Plain plain(topology, seconds(5), 1);
        plain.run_until(base::Instant(seconds(60)));
        const Plain::Verdict verdict = plain.verdict();
        CHECK(verdict.delivered == 16 * 15);
        CHECK(verdict.loops + verdict.black_holes == 0);
    }

    TEST_CASE("after a failure the simulator finds black holes or loops in it, for ever") {
        std::uint64_t bad = 0;
        std::uint64_t loops = 0;
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            base::Random random(seed);
            Topology topology = *make_topology("random", 12, random);
            topology.deal_services(12);
            Plain plain(topology, seconds(5), seed);
            plain.run_until(base::Instant(seconds(100)));
            plain.set_link(random.below(topology.links.size()), false);
            plain.run_until(base::Instant(seconds(1000)));
            const Plain::Verdict verdict = plain.verdict();
            bad += verdict.black_holes + verdict.loops > 0 ? 1 : 0;
            loops += verdict.loops;
        }
        MESSAGE(bad,
                " of 60 single failures left services unreachable that could be reached; loops: ",
                loops);
        CHECK(bad > 10);
    }
}

}  // namespace jetway::sim
