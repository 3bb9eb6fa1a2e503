// Top: rates between two answers to `statistics`.
#include "console/top.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace jetway::console {

namespace {

using envelope::Json;

Json answer(std::uint64_t uptime_ms, std::uint64_t scale, std::uint64_t incarnation = 1) {
    Json counts = Json::array();
    for (const std::uint64_t count : {90 * scale, 9 * scale, scale}) {
        counts.push_back(count);
    }
    Json bounds = Json::array();
    for (const std::uint64_t bound : {10U, 100U}) {
        bounds.push_back(bound);
    }
    return {{"machineId", "a"},
            {"incarnation", incarnation},
            {"uptimeMs", uptime_ms},
            {"state", "running"},
            {"envelopes",
             {{"received", 100 * scale},
              {"forwarded", 40 * scale},
              {"delivered", 50 * scale},
              {"waiting", 3U},
              {"refused", {{"no-route", 10 * scale}, {"timeout", 0U}}}}},
            {"forwarding", {{"boundsMicroseconds", bounds}, {"counts", counts}}},
            {"process", {{"cpuMicroseconds", 500'000 * scale}, {"residentBytes", 1U << 20U}}},
            {"terminals",
             {{{"name", "to-b"},
               {"connections", 1U},
               {"envelopesIn", 20 * scale},
               {"bytesOut", 2048 * scale},
               {"queuedBytes", 512U}}}},
            {"links",
             {{{"machineId", "b"},
               {"state", "up"},
               {"roundTripMicroseconds", {{"smoothed", 250U}, {"least", 100U}}},
               {"resumed", scale}}}}};
}

}  // namespace

TEST_SUITE("console.top") {
    TEST_CASE("rates are of what grew between two answers") {
        const Json router = rates(answer(1'000, 1), answer(3'000, 5));
        CHECK(router["seconds"] == 2.0);
        CHECK(router["receivedPerSecond"] == 200.0);
        CHECK(router["refusedPerSecond"] == 20.0);
        CHECK(router["cpuPercent"] == 100.0);
        CHECK(router["waiting"] == 3);
        CHECK(router["queuedBytes"] == 512);
        CHECK(router["terminals"][0]["envelopesInPerSecond"] == 40.0);
        CHECK(router["links"][0]["resumed"] == 4);
        CHECK(router["refused"]["no-route"]["perSecond"] == 20.0);
        CHECK(router["refused"]["no-route"]["ever"] == 50);
        CHECK_FALSE(router["refused"].contains("timeout"));
    }

    TEST_CASE("times are the bounds that a half and 99 of 100 are under; above all there is none") {
        const Json router = rates(answer(1'000, 1), answer(2'000, 2));
        CHECK(router["forwardingMicroseconds"]["p50"] == 10);
        CHECK(router["forwardingMicroseconds"]["p99"] == 100);
        Json slow = answer(2'000, 2);
        slow["forwarding"]["counts"][2] = 1'000U;
        CHECK(rates(answer(1'000, 1), slow)["forwardingMicroseconds"]["p99"] == nullptr);
        CHECK(rates(answer(1'000, 1), answer(2'000, 1))["forwardingMicroseconds"]["p50"] ==
              nullptr);
    }

    TEST_CASE(
        "a router that was started in between shows its rates since then, as the first time") {
        for (const Json& before : {Json(), answer(60'000, 9, 1)}) {
            const Json router = rates(before, answer(1'000, 1, 2));
            CHECK(router["seconds"] == 1.0);
            CHECK(router["receivedPerSecond"] == 100.0);
        }
    }

    TEST_CASE(
        "the tables have a row a router, terminal, link and reason, and empty ones are left out") {
        const std::string text = top_text({rates({}, answer(2'000, 1))}, false);
        for (const std::string part : {"MACHINE", "to-b", "0.2 ms", "no-route", "running"}) {
            CAPTURE(part);
            CHECK(text.find(part) != std::string::npos);
        }
        CHECK(top_text({rates({}, Json::object())}, false).find("LINK TO") == std::string::npos);
    }

    TEST_CASE("whatever an answer is, there are tables of it") {
        for (const char* wrong : {"null", "[]", "{\"terminals\": 3, \"links\": [null, 1]}",
                                  "{\"envelopes\": [], \"forwarding\": {\"counts\": [\"x\"]}}"}) {
            const Json router = rates(Json::parse(wrong), Json::parse(wrong));
            CHECK_FALSE(top_text({router}, true).empty());
        }
    }
}

}  // namespace jetway::console
