#include <doctest/doctest.h>

#include "tests/sim_broken/seeds.h"

TEST_SUITE("sim.checker") {
    TEST_CASE("without the feasibility condition the simulator finds a loop") {
        const std::string found = jetway::sim::testing::first_violation(300, "a loop for ");
        CHECK_MESSAGE(!found.empty(), found);
    }
}
