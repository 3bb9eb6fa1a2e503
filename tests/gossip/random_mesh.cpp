// Random meshes, random failures: no circle after any event; once failures end, the least costs
// everywhere.
#include "tests/gossip/mesh.h"

namespace jetway::gossip::testing {

namespace {

void live_through(std::uint64_t seed, const MeshOptions& options, std::size_t faults) {
    CAPTURE(seed);
    base::Random random(seed ^ 0x5eedU);
    Mesh mesh(seed, options);
    mesh.run(std::chrono::milliseconds(random.below(2000)));
    for (std::size_t i = 0; i < faults; ++i) {
        mesh.fault();
        mesh.run(std::chrono::milliseconds(random.below(random.below(2) == 0 ? 40 : 1500)));
    }
    mesh.end_faults();
    mesh.run(std::chrono::seconds(130));
    mesh.check_settled();
}

}  // namespace

TEST_SUITE("gossip.random_mesh") {
    TEST_CASE(
        "with every link of cost 1, no event makes a circle and all ends at the least costs") {
        for (std::uint64_t seed = 1; seed <= 120; ++seed) {
            base::Random random(seed);
            live_through(seed, {3 + random.below(8), random.below(10), 1, 30'000, 0}, 30);
        }
    }

    TEST_CASE("with links of any cost, no event makes a circle and all ends at the least costs") {
        for (std::uint64_t seed = 1001; seed <= 1120; ++seed) {
            base::Random random(seed);
            live_through(seed, {3 + random.below(8), random.below(10), 20, 200'000, 0}, 30);
        }
    }

    TEST_CASE("lost announcements make no circle either, and heal by the digest") {
        for (std::uint64_t seed = 2001; seed <= 2060; ++seed) {
            base::Random random(seed);
            live_through(seed, {3 + random.below(6), random.below(8), 5, 50'000, 10}, 30);
        }
    }

    TEST_CASE("the same seed gives the same bytes") {
        const MeshOptions options{8, 6, 3, 60'000, 5};
        std::uint64_t bytes[2];
        std::uint64_t delivered[2];
        for (std::size_t i : {0U, 1U}) {
            Mesh mesh(7, options);
            for (int j = 0; j < 20; ++j) {
                mesh.run(std::chrono::milliseconds(150));
                mesh.fault();
            }
            bytes[i] = mesh.bytes();
            delivered[i] = mesh.delivered();
        }
        CHECK(bytes[0] == bytes[1]);
        CHECK(delivered[0] == delivered[1]);
    }
}

}  // namespace jetway::gossip::testing
