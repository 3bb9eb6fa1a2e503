#include "terminal/backoff.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace jetway::terminal {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_SUITE("terminal.backoff") {
    TEST_CASE(
        "the first wait is none, then each is in the upper half of 100 ms doubled up to 5 s") {
        base::Random random(1);
        Backoff backoff;
        for (int round = 0; round < 3; ++round) {
            CHECK(backoff.next(random) == base::Duration::zero());
            for (const int most : {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000}) {
                const base::Duration wait = backoff.next(random);
                CHECK(wait <= milliseconds(most));
                CHECK(wait >= milliseconds(most) / 2);
            }
            backoff.reset();
        }
    }

    TEST_CASE("two routers that lost each other at once do not wait the same") {
        base::Random one(1);
        base::Random two(2);
        Backoff a;
        Backoff b;
        a.next(one);
        b.next(two);
        CHECK(a.next(one) != b.next(two));
    }
}

}  // namespace jetway::terminal
