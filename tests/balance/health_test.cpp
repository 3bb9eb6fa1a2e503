#include "balance/health.h"

#include <doctest/doctest.h>

#include <vector>

using namespace jetway;
using namespace std::chrono_literals;
using balance::Health;
using Change = Health::Change;

namespace {

constexpr base::Instant start{};

// Probes it when it is due, and says how that ends at once; returns the time of the probe.
base::Instant probe(Health& health, bool good, Change expected) {
    const base::Instant now = health.next_deadline();
    REQUIRE(health.probe_due(now));
    REQUIRE_FALSE(health.probe_due(now - 1ns));
    health.begin_probe(now);
    CHECK(health.on_probe(good, now) == expected);
    return now;
}

}  // namespace

TEST_SUITE("balance.health") {
    TEST_CASE("an instance is up from the start, and probed at once, then every probe_interval") {
        Health health({}, start);
        CHECK(health.usable());
        CHECK(probe(health, true, Change::none) == start);
        CHECK(probe(health, true, Change::none) == start + 5s);
        CHECK(probe(health, true, Change::none) == start + 10s);
    }

    TEST_CASE("three failures in a row take it out, and one success between them doesn't") {
        Health health({}, start);
        CHECK(health.on_failure(start) == Change::none);
        CHECK(health.on_failure(start) == Change::none);
        CHECK(health.on_success(start) == Change::none);
        CHECK(health.on_failure(start) == Change::none);
        CHECK(health.on_failure(start) == Change::none);
        CHECK(health.usable());
        CHECK(health.on_failure(start) == Change::out);
        CHECK_FALSE(health.usable());
        CHECK(health.on_failure(start) == Change::none);
    }

    TEST_CASE("a refused connection takes it out at once") {
        Health health({}, start);
        CHECK(health.on_refused(start) == Change::out);
        CHECK_FALSE(health.usable());
        CHECK(health.on_refused(start) == Change::none);
    }

    TEST_CASE("two good probes in a row bring it back, and no request does") {
        Health health({}, start);
        health.on_refused(start);
        CHECK(health.on_success(start) == Change::none);
        probe(health, true, Change::none);
        probe(health, false, Change::none);
        probe(health, true, Change::none);
        CHECK_FALSE(health.usable());
        probe(health, true, Change::back);
        CHECK(health.usable());
    }

    TEST_CASE("failed probes come at growing distances, and a good one is followed soon") {
        Health health({.probe_backoff = 250ms, .probe_backoff_max = 1s}, start);
        base::Instant last = probe(health, false, Change::none);
        std::vector<base::Duration> distances;
        for (int i = 0; i < 5; ++i) {
            const base::Instant now = probe(health, false, i == 1 ? Change::out : Change::none);
            distances.push_back(now - last);
            last = now;
        }
        CHECK(distances == std::vector<base::Duration>{250ms, 500ms, 1s, 1s, 1s});
        last = probe(health, true, Change::none);
        CHECK(probe(health, true, Change::back) == last + 250ms);
        CHECK(health.next_deadline() == last + 250ms + 5s);
    }

    TEST_CASE("a failed request has it probed soon") {
        Health health({}, start);
        probe(health, true, Change::none);
        health.on_failure(start + 1s);
        CHECK(health.next_deadline() == start + 1s + 250ms);
    }

    TEST_CASE("a probe that isn't answered in time has failed, and its late answer says nothing") {
        Health health({.unhealthy_after = 1}, start);
        health.begin_probe(start);
        CHECK_FALSE(health.probe_due(start + 10s));
        CHECK(health.next_deadline() == start + 2s);
        CHECK(health.on_deadline(start + 2s - 1ns) == Change::none);
        CHECK(health.on_deadline(start + 2s) == Change::out);
        CHECK(health.on_probe(true, start + 3s) == Change::none);
        CHECK(health.next_deadline() == start + 2s + 250ms);
    }

    TEST_CASE("a failure while a probe is under way leaves the probe its time") {
        Health health({}, start);
        health.begin_probe(start);
        health.on_failure(start + 100ms);
        CHECK(health.next_deadline() == start + 2s);
    }

    TEST_CASE("a deadline that has passed without a probe under way changes nothing") {
        Health health({}, start);
        CHECK(health.on_deadline(start + 100s) == Change::none);
        CHECK(health.usable());
        CHECK(health.probe_due(start + 100s));
    }
}
