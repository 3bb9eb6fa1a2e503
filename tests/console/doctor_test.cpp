// What `doctor` says, from what routers say.
#include "console/doctor.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace jetway::console {

namespace {

using envelope::Json;
using Severity = Finding::Severity;

Chart chart(const std::string& machine) {
    return {.machine = machine,
            .reachable = true,
            .status = {{"listening", {{{"for", "neighbours"}, {"at", "10.0.0.2:9001"}}}}},
            .neighbours = {},
            .services = {},
            .terminals = {},
            .refusals = {},
            .events = {}};
}

Json down(const std::string& peer, const std::string& code, const std::string& address) {
    return {
        {"neighbours",
         {{{"machineId", peer},
           {"state", "down"},
           {"address", address},
           {"failure", {{"code", code}, {"why", "said why"}, {"times", 3U}, {"ageMs", 10U}}}}}}};
}

// The only finding, which says these.
Finding only(const std::vector<Chart>& charts) {
    const std::vector<Finding> findings = examine(charts);
    REQUIRE(findings.size() == 1);
    return findings[0];
}

bool says(const Finding& finding, const std::string& part) {
    return finding.what.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("console.doctor") {
    TEST_CASE("nothing is said of a mesh that is well, nor of routers that answer rubbish") {
        CHECK(examine({chart("a"), chart("b")}).empty());
        Chart odd = chart("a");
        odd.status = odd.neighbours = odd.services = odd.terminals = odd.refusals = odd.events =
            Json::array({1, "x", nullptr});
        CHECK(examine({odd}).empty());
        CHECK(doctor_text({}, 2, false) == "nothing is wrong, 2 machines asked\n");
    }

    TEST_CASE("a link that is down is one finding, with the reason that one of its ends knows") {
        Chart a = chart("a");
        Chart b = chart("b");
        a.neighbours = {
            {"neighbours", {{{"machineId", "b"}, {"state", "down"}, {"failure", nullptr}}}}};
        b.neighbours = down("a", "ETIMEDOUT", "10.0.0.1:9001");
        const Finding finding = only({a, b});
        CHECK(finding.machine == "b");
        CHECK(says(finding, "dialled at 10.0.0.1:9001, said why (3 times"));
    }

    TEST_CASE("a port that nobody listens at is told from a router that isn't there") {
        Chart a = chart("a");
        a.neighbours = down("b", "ECONNREFUSED", "tcp://10.0.0.2:9009");
        CHECK(says(only({a, chart("b")}),
                   "listens for neighbours at 10.0.0.2:9001, not at port 9009"));
        a.neighbours = down("b", "ECONNREFUSED", "10.0.0.2:9001");
        CHECK(says(only({a, chart("b")}), "is something between the two machines?"));
        CHECK(says(only({a}), "is its router running"));
    }

    TEST_CASE("another version of the protocol is said in so many words") {
        Chart a = chart("a");
        a.neighbours = down("b", "version", "10.0.0.2:9001");
        CHECK(says(only({a}), "upgrade the older one"));
        Chart b = chart("b");
        b.events = {{"events",
                     {{{"number", 1},
                       {"level", "info"},
                       {"event", "connection refused"},
                       {"fields", {{"peer", "10.0.0.9:1"}, {"code", "version"}, {"why", "w"}}},
                       {"ageMs", 5U}}}}};
        CHECK(says(only({b}), "speaks another version of the protocol"));
    }

    TEST_CASE("a service that nobody attached is worse when it is the only one") {
        Chart a = chart("a");
        const auto row = [](const std::string& machine, const std::string& health) {
            return Json{
                {"name", "web"}, {"machineId", machine}, {"health", health}, {"reachable", true}};
        };
        a.services = {{"services", {row("a", "detached")}}};
        CHECK(only({a}).severity == Severity::error);
        a.services = {{"services", {row("a", "unhealthy"), row("b", "up")}}};
        CHECK(only({a}).severity == Severity::warning);
        CHECK(says(only({a}), "another instance is up"));
    }

    TEST_CASE("a short hold is how queues work, a long one is a slow service") {
        Chart a = chart("a");
        const auto held = [&a](std::uint64_t ms) {
            a.terminals = {{"terminals",
                            {{{"name", "client-1"},
                              {"services", {"web"}},
                              {"queuedBytes", 2048U},
                              {"heldMs", ms}}}}};
            return examine({a}).size();
        };
        CHECK(held(900) == 0);
        CHECK(held(1'500) == 1);
        CHECK(says(only({a}), "service web is slow"));
    }

    TEST_CASE("what was refused long ago is over; a rule is worse than a missing route") {
        Chart a = chart("a");
        const auto refused = [](const std::string& code, std::uint64_t last) {
            return Json{{"code", code}, {"destination", "web"}, {"terminal", "apps"},
                        {"count", 2U},  {"why", "w"},           {"lastMs", last}};
        };
        a.refusals = {{"refusals", {refused("no-route", recent_ms + 1)}}};
        CHECK(examine({a}).empty());
        a.refusals = {{"refusals", {refused("no-route", 5), refused("forbidden", 5)}}};
        const std::vector<Finding> findings = examine({a});
        REQUIRE(findings.size() == 2);
        CHECK(findings[0].severity == Severity::error);
        CHECK(says(findings[0], "2 envelopes for web from terminal apps refused with `forbidden`"));
        CHECK(findings[0].look == "jetway terminals --at a");
        CHECK(findings[1].severity == Severity::warning);
    }

    TEST_CASE("a machine that can't be reached is one") {
        Chart gone = chart("c");
        gone.reachable = false;
        gone.status = {};
        CHECK(says(only({gone}), "can't be reached"));
        CHECK(doctor_json(examine({gone}), {gone})["findings"][0]["severity"] == "error");
    }
}

}  // namespace jetway::console
