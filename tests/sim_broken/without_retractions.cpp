#include <doctest/doctest.h>

#include "tests/sim_broken/seeds.h"

TEST_SUITE("sim.checker") {
    TEST_CASE("without retractions the simulator finds routes to what is gone") {
        const std::string found = jetway::sim::testing::first_violation(300, "has not settled");
        CHECK_MESSAGE(found.find("reaches") != std::string::npos, found);
    }
}
