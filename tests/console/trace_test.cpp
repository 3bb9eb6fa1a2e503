// Trace: its steps as tables of what it asks and what it is told.
#include "console/trace.h"

#include <doctest/doctest.h>

namespace jetway::console {

namespace {

using envelope::Json;
using std::chrono::milliseconds;

const base::Instant start{std::chrono::seconds(100)};

Trace::Options options(const std::string& destination) {
    Trace::Options wanted;
    wanted.destination = destination;
    wanted.from = "a";
    wanted.asker = "client-1@a";
    return wanted;
}

Json report(const std::string& machine, const std::string& from, const std::string& to,
            std::uint64_t left, const std::string& reason, std::uint64_t microseconds = 5) {
    return {{"machineId", machine}, {"from", from},     {"to", to},
            {"hopsLeft", left},     {"reason", reason}, {"microseconds", microseconds}};
}

Json explained(const std::string& machine, const std::string& terminal,
               const std::string& neighbour) {
    return {{"policy", ""},
            {"candidates",
             {{{"machineId", machine},
               {"terminal", terminal},
               {"neighbour", neighbour},
               {"chosen", true},
               {"reason", neighbour.empty() ? "here" : "nearest"},
               {"queuedBytes", 7U},
               {"held", false}}}}};
}

// The only request there is, which must go there.
std::uint64_t only(Trace& trace, const std::string& to) {
    const std::vector<Trace::Request> requests = trace.take_requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].to == to);
    return requests[0].id;
}

}  // namespace

TEST_SUITE("console.trace") {
    TEST_CASE("both legs are traced, each hop is asked why, and the sums add up") {
        Trace trace(options("gpu"), start);
        const std::uint64_t there = only(trace, "router@a");
        trace.on_answer(there, "router@c", report("c", "to-b", "client-9", 30, "delivered", 30),
                        start + milliseconds(3));
        CHECK(trace.take_requests().empty());  // those between are waited for
        trace.on_answer(there, "router@a", report("a", "router", "to-b", 32, "forwarded", 10),
                        start + milliseconds(3));
        trace.on_answer(there, "router@b", report("b", "to-a", "to-c", 31, "forwarded", 20),
                        start + milliseconds(4));
        trace.on_answer(only(trace, "router@a"), "router@a", explained("c", "to-b", "b"), start);
        const std::vector<Trace::Request> others = trace.take_requests();
        REQUIRE(others.size() == 2);
        CHECK(others[0].data["args"]["destination"] == "gpu@c");
        trace.on_answer(others[0].id, "router@b", explained("c", "to-c", "c"), start);
        trace.on_answer(others[1].id, "router@c", explained("c", "client-9", ""), start);
        const std::uint64_t back = only(trace, "router@c");
        trace.on_error(back, "no-route", "why", "c", start + milliseconds(9));
        CHECK(trace.done());
        const Json whole = trace.json();
        const Json& leg = whole["legs"][0];
        CHECK(leg["microseconds"] == 3'000);
        CHECK(leg["inRoutersMicroseconds"] == 60);
        CHECK(leg["betweenMicroseconds"] == 2'940);
        CHECK(leg["hops"][1]["machineId"] == "b");
        CHECK(leg["hops"][1]["why"] == "nearest");
        CHECK(leg["hops"][1]["queuedBytes"] == 7);
        CHECK(whole["outcome"] == "refused");
        CHECK(whole["legs"][1]["at"] == "c");
        CHECK_FALSE(whole["gaps"].get<bool>());
    }

    TEST_CASE("a hop that did not report is a row, named by the hop before it") {
        Trace trace(options("gpu"), start);
        const std::uint64_t there = only(trace, "router@a");
        trace.on_answer(there, "router@a", report("a", "router", "to-b", 32, "forwarded"), start);
        trace.on_answer(there, "router@d", report("d", "to-c", "client-9", 29, "delivered"), start);
        CHECK(trace.take_requests().empty());
        trace.on_deadline(trace.next_deadline());  // nothing more comes
        trace.on_answer(only(trace, "router@a"), "router@a", explained("d", "to-b", "b"), start);
        trace.on_answer(only(trace, "router@d"), "router@d", explained("d", "client-9", ""), start);
        const Json hops = trace.json()["legs"][0]["hops"];
        REQUIRE(hops.size() == 4);
        CHECK(hops[1]["machineId"] == "b");
        CHECK(hops[1]["reported"] == false);
        CHECK(hops[2]["machineId"] == "");
        CHECK(hops[3]["machineId"] == "d");
    }

    TEST_CASE("silence ends it, after the last router that was heard") {
        Trace trace(options("gpu"), start);
        const std::uint64_t there = only(trace, "router@a");
        trace.on_answer(there, "router@a", report("a", "router", "to-b", 32, "forwarded"), start);
        trace.on_deadline(trace.next_deadline());
        trace.on_answer(only(trace, "router@a"), "router@a", explained("c", "to-b", "b"), start);
        CHECK(trace.done());
        const Json whole = trace.json();
        CHECK(whole["outcome"] == "silent");
        CHECK(whole["legs"][0]["hops"][1]["machineId"] == "b");
        CHECK(
            trace_text(whole, false).find("nothing was heard after a, which sent it on by to-b") !=
            std::string::npos);
    }

    TEST_CASE("nobody answers: it still ends") {
        Trace trace(options("gpu"), start);
        trace.on_deadline(trace.next_deadline());
        while (!trace.done()) {
            trace.on_deadline(trace.next_deadline());
        }
        CHECK(trace_text(trace.json(), false).find("no router reported") != std::string::npos);
    }

    TEST_CASE("what it delivers is answered by the service, and that is timed") {
        Trace::Options wanted = options("gpu");
        wanted.deliver = true;
        wanted.data = "hi";
        Trace trace(wanted, start);
        const std::vector<Trace::Request> requests = trace.take_requests();
        REQUIRE(requests.size() == 1);
        CHECK(requests[0].to == "gpu");
        CHECK(requests[0].traced);
        const std::uint64_t there = requests[0].id;
        trace.on_answer(there, "router@a", report("a", "client-1", "client-2", 32, "delivered"),
                        start + milliseconds(1));
        CHECK(trace.take_requests().empty());
        trace.on_answer(there, "gpu@a", Json("done"), start + milliseconds(8));
        CHECK(only(trace, "router@a") != there);
        CHECK(trace.json()["legs"][0]["answeredAfterMicroseconds"] == 8'000);
    }

    TEST_CASE("with an answer that goes elsewhere the way is traced dry, and one is sent besides") {
        Trace::Options wanted = options("gpu");
        wanted.deliver = true;
        wanted.reply_to = "mp4@b";
        Trace trace(wanted, start);
        const std::vector<Trace::Request> requests = trace.take_requests();
        REQUIRE(requests.size() == 2);
        CHECK(requests[0].reply_to == "mp4@b");
        CHECK_FALSE(requests[0].traced);
        CHECK(requests[1].to == "router@a");
    }

    TEST_CASE("rubbish, answers to nothing, and reports after the end change nothing") {
        Trace trace(options("gpu"), start);
        const std::uint64_t there = only(trace, "router@a");
        trace.on_answer(99, "router@a", Json::array(), start);
        trace.on_answer(there, "router@a", {{"machineId", 3}, {"hopsLeft", "x"}, {"reason", {}}},
                        start);
        for (std::uint64_t i = 0; i < 1'000; ++i) {
            trace.on_answer(there, "router@x", report("x", "i", "o", i, "forwarded"), start);
        }
        while (!trace.done()) {
            trace.on_deadline(trace.next_deadline());
        }
        CHECK(trace.json()["legs"][0]["hops"].size() <= 257);
        trace.on_answer(there, "router@x", report("x", "i", "o", 1, "delivered"), start);
        CHECK(trace.done());
    }
}

}  // namespace jetway::console
