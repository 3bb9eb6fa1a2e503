#include "sim/run.h"

#include <doctest/doctest.h>

namespace jetway::sim {

TEST_SUITE("sim.run") {
    TEST_CASE("the same seed gives the same history, and another seed another one") {
        for (const std::uint64_t seed : {7U, 58U, 449U}) {
            const Outcome once = run(seed, {.story = true});
            const Outcome again = run(seed, {.story = true});
            CHECK(once.fingerprint == again.fingerprint);
            CHECK(once.story == again.story);
            CHECK(once.events == again.events);
            CHECK(once.fingerprint != run(seed + 1, {}).fingerprint);
        }
    }

    TEST_CASE("to look on changes nothing") {
        CHECK(run(58, {}).fingerprint == run(58, {.story = true}).fingerprint);
    }

    // The whole of the fixed seeds is run by `jetway sim`; these are enough for a sanitizer.
    TEST_CASE("meshes under faults keep every invariant and come to rest") {
        std::array<std::uint64_t, fault_names.size()> faults{};
        std::uint64_t faultless = 0;
        std::uint64_t answered = 0;
        std::uint64_t choices = 0;
        for (std::uint64_t seed = 1; seed <= JETWAY_SEEDS; ++seed) {
            const Outcome outcome = run(seed, {.least_machines = 3, .most_machines = 12});
            CHECK_MESSAGE(outcome.violation.empty(), "jetway sim --most 12 --seed ", seed, ": ",
                          outcome.violation);
            CHECK(outcome.events > 0);
            std::uint64_t sum = 0;
            for (std::size_t i = 0; i < faults.size(); ++i) {
                faults[i] += outcome.faults[i];
                sum += outcome.faults[i];
            }
            faultless += sum == 0 ? 1 : 0;
            answered += outcome.answered;
            choices += outcome.choices;
        }
        if (JETWAY_SEEDS < 150) {
            return;  // too few for every kind to have its turn
        }
        for (std::size_t i = 0; i < faults.size(); ++i) {
            CHECK_MESSAGE(faults[i] > 0, "no run had the fault ", fault_names[i]);
        }
        CHECK(faultless > 0);
        CHECK(answered > 1'000);
        CHECK(choices > 1'000);
    }
}

}  // namespace jetway::sim
