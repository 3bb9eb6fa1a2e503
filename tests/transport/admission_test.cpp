#include "transport/admission.h"

#include <doctest/doctest.h>

#include "transport/failure_log.h"

namespace jetway::transport {

TEST_SUITE("transport.admission") {
    TEST_CASE("so many at once, so many from one address, and room again when one is done") {
        Admission admission({.at_once = 5, .per_address = 2, .timeout = std::chrono::seconds(1)});
        CHECK_FALSE(admission.admit("10.0.0.1"));
        CHECK_FALSE(admission.admit("10.0.0.1"));
        CHECK(admission.admit("10.0.0.1") == "handshakes-per-address");
        CHECK_FALSE(admission.admit("10.0.0.2"));
        CHECK_FALSE(admission.admit(""));  // Unix sockets have no address to share
        CHECK_FALSE(admission.admit(""));
        CHECK(admission.admit("") == "handshakes");
        CHECK(admission.admit("10.0.0.3") == "handshakes");
        CHECK(admission.unfinished() == 5);
        admission.release("10.0.0.1");
        CHECK_FALSE(admission.admit("10.0.0.1"));
        admission.release("");
        CHECK_FALSE(admission.admit("10.0.0.3"));
    }

    TEST_CASE("new limits concern those who come from then on") {
        Admission admission({.at_once = 3, .per_address = 3, .timeout = std::chrono::seconds(1)});
        for (int i = 0; i < 3; ++i) {
            CHECK_FALSE(admission.admit("a"));
        }
        admission.set_limits({.at_once = 1, .per_address = 1, .timeout = std::chrono::seconds(1)});
        CHECK(admission.unfinished() == 3);
        CHECK(admission.admit("b") == "handshakes");
        for (int i = 0; i < 3; ++i) {
            admission.release("a");
        }
        CHECK_FALSE(admission.admit("a"));
    }

    TEST_CASE("what is refused is counted by its reason, and the reasons are bounded") {
        Admission admission;
        admission.count_accepted();
        for (int i = 0; i < 200; ++i) {
            admission.count_refused("reason-" + std::to_string(i));
            admission.count_refused("timeout");
        }
        CHECK(admission.counters().accepted == 1);
        CHECK(admission.counters().refused.at("timeout") == 200);
        CHECK(admission.counters().refused.size() <= 65);
        std::uint64_t all = 0;
        for (const auto& [why, count] : admission.counters().refused) {
            all += count;
        }
        CHECK(all == 400);
    }
}

TEST_SUITE("transport.failure_log") {
    const base::Report report{base::Report::Level::warning, "it failed", {{"peer", "b"}}};
    const base::Instant start = base::Instant() + std::chrono::hours(1);

    TEST_CASE("a failure is said at once, and while it goes on once a minute with how often") {
        FailureLog log;
        REQUIRE(log.note("b expired", report, start));
        for (int second = 1; second < 60; ++second) {
            CHECK_FALSE(log.note("b expired", report, start + std::chrono::seconds(second)));
        }
        CHECK(log.note("b refused", report, start));  // another failure is news
        const auto again = log.note("b expired", report, start + std::chrono::seconds(60));
        REQUIRE(again);
        CHECK(again->fields.back() == std::make_pair(std::string("repeated"), std::string("59")));
        CHECK(again->event == "it failed");
        const auto later = log.note("b expired", report, start + std::chrono::seconds(120));
        REQUIRE(later);
        CHECK(later->fields.size() == 1);
    }

    TEST_CASE("failures without end take bounded room, and are said less often") {
        FailureLog log;
        std::size_t said = 0;
        for (int i = 0; i < 10'000; ++i) {
            said += log.note("peer " + std::to_string(i), report, start) ? 1U : 0U;
        }
        CHECK(said == FailureLog::most + 1);
        // Once they are old there is room for others.
        CHECK(log.note("fresh", report, start + FailureLog::quiet));
        CHECK(log.note("fresh too", report, start + FailureLog::quiet));
    }
}

}  // namespace jetway::transport
