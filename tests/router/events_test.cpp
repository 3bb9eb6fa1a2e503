// The requests `events` and `refusals`, and what becomes an event.
#include <nlohmann/json.hpp>

#include "router/event_log.h"
#include "router/refusal_log.h"
#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

using Level = base::Report::Level;
using nlohmann::json;

base::Report report(const std::string& event, Level level = Level::info) {
    return {level, event, {{"k", "v"}}};
}

std::vector<std::string> names(const json& answer) {
    std::vector<std::string> all;
    for (const json& event : answer["events"]) {
        all.push_back(event["event"]);
    }
    return all;
}

bool has(const json& answer, const std::string& name) {
    const std::vector<std::string> all = names(answer);
    return std::find(all.begin(), all.end(), name) != all.end();
}

}  // namespace

TEST_SUITE("router.events") {
    const base::Instant start{seconds(100)};

    TEST_CASE("a reader gets what came after the number it has, and the next number") {
        EventLog log;
        log.add(report("one"), start);
        log.add(report("two", Level::debug), start);
        log.add(report("three", Level::warning), start);
        const EventLog::Page page = log.read(1, Level::info, 10);
        REQUIRE(page.entries.size() == 1);
        CHECK(page.entries[0]->report.event == "three");
        CHECK(page.next == 3);
        CHECK(page.missed == 0);
        CHECK(log.read(3, Level::debug, 10).entries.empty());
        CHECK(log.read(99, Level::debug, 10).next == 3);
        CHECK(log.has(1, Level::debug));
        CHECK_FALSE(log.has(1, Level::error));
    }

    TEST_CASE("a page that is full says where the next one begins") {
        EventLog log;
        for (int i = 0; i < 5; ++i) {
            log.add(report(std::to_string(i)), start);
        }
        const EventLog::Page first = log.read(0, Level::info, 2);
        CHECK(first.next == 2);
        CHECK(log.read(first.next, Level::info, 2).entries[0]->report.event == "2");
        CHECK(log.last(Level::info, 2).entries[0]->report.event == "3");
    }

    TEST_CASE("a reader that is passed is told how many it missed, and a value is cut") {
        EventLog log;
        for (std::size_t i = 0; i < EventLog::most + 10; ++i) {
            log.add({Level::info, "e", {{"k", std::string(2'000, 'x')}}}, start);
        }
        const EventLog::Page page = log.read(4, Level::info, 3);
        CHECK(page.missed == 6);
        CHECK(page.entries[0]->number == 11);
        CHECK(page.entries[0]->report.fields[0].second.size() == EventLog::longest_value);
    }

    TEST_CASE("one refusal is told at once, and those of the next second together") {
        RefusalLog log;
        log.note(Refusal::no_route, "web@b", "x@a", "client-1", "why", start);
        REQUIRE(log.next_report() == start);
        CHECK(log.take_reports(start).size() == 1);
        CHECK(log.next_report() == base::never);
        for (int i = 0; i < 500; ++i) {
            log.note(Refusal::no_route, "web@b", "x@a", "client-" + std::to_string(i), "why",
                     start);
        }
        CHECK(log.next_report() == start + RefusalLog::between_reports);
        CHECK(log.take_reports(start).empty());
        const auto reports = log.take_reports(start + RefusalLog::between_reports);
        REQUIRE(reports.size() == 1);
        CHECK(reports[0].fields[1] == std::pair<std::string, std::string>{"count", "500"});
        CHECK(log.rows().size() == 1);
        CHECK(log.rows()[0]->count == 501);
    }

    TEST_CASE("refusals of any number of names take no more rows than the bound, and reports") {
        RefusalLog log;
        for (std::size_t i = 0; i < 3 * RefusalLog::most; ++i) {
            log.note(Refusal::no_route, "web" + std::to_string(i), "", "t", "why",
                     start + milliseconds(i));
        }
        CHECK(log.rows().size() == RefusalLog::most);
        CHECK(log.rows()[0]->destination == "web" + std::to_string(3 * RefusalLog::most - 1));
        const auto reports = log.take_reports(start + seconds(2));
        CHECK(reports.size() == RefusalLog::most_reports + 1);
        CHECK(reports.back().fields[0].second == "various");
    }

    TEST_CASE("links, routes, services and refusals become events, in the order they happened") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b", {"a"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        Peer& web = mesh.service("b", {"web"});
        mesh.wait(milliseconds(100));
        asker.send("nosuch");
        mesh.wait(milliseconds(10));
        asker.envelopes();
        web.hang_up();
        mesh.wait(milliseconds(100));
        const json answer = asker.ask("router@a", request("events")).json();
        CHECK(answer["schema"] == "jetway.events/1");
        for (const char* name :
             {"link up", "route selected", "service up", "refused", "service gone"}) {
            CAPTURE(name);
            CHECK(has(answer, name));
        }
        CHECK(answer["next"] == answer["events"].back()["number"]);
    }

    TEST_CASE(
        "a request that waits is answered by the next event, of its level, or when its time is "
        "over") {
        Mesh mesh;
        mesh.add("a", {"b"});
        Peer& asker = mesh.service("a");
        mesh.wait(milliseconds(10));
        const auto follow = [&asker](std::uint64_t after) {
            asker.post("router@a",
                       request("events", {{"after", after}, {"waitMs", 5'000}, {"level", "info"}}));
        };
        follow(asker.ask("router@a", request("events", {{"limit", 0}})).json()["next"]);
        mesh.wait(seconds(1));
        CHECK(asker.envelopes().empty());
        mesh.service("a", {"web"});
        mesh.run();
        CHECK(names(asker.only().json()) == std::vector<std::string>{"service up"});
        follow(mesh["a"].events().newest());
        mesh.wait(milliseconds(4'900));
        CHECK(asker.envelopes().empty());
        mesh.wait(milliseconds(200));
        CHECK(names(asker.only().json()).empty());
    }

    TEST_CASE("no more than 256 wait: the next is answered at once") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        mesh.wait(milliseconds(10));
        const Bytes follow =
            request("events", {{"after", mesh["a"].events().newest()}, {"waitMs", 5'000}});
        for (int i = 0; i < 257; ++i) {
            asker.post("router@a", follow);
        }
        mesh.run();
        CHECK(asker.envelopes().size() == 1);
        mesh.wait(seconds(6));
        CHECK(asker.envelopes().size() == 256);
    }

    TEST_CASE("a level that there isn't is refused with those that there are") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        const Got got = asker.ask("router@a", request("events", {{"level", "loud"}}));
        CHECK(got.error().code == "bad-envelope");
        CHECK(got.error().message.find("debug, info, warning or error") != std::string::npos);
    }

    TEST_CASE("a service that does not read for a second is an event, and so is its end") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& options) { options.terminal.queue = 64U << 10U; });
        Peer& slow = mesh.service("a", {"slow"});
        Peer& sender = mesh.service("a");
        slow.reading = false;
        for (int i = 0; i < 40; ++i) {
            sender.send("slow", std::string(1'000, 'x'));
        }
        mesh.wait(seconds(3));
        Peer& asker = mesh.service("a");
        CHECK(names(asker.ask("router@a", request("events", {{"level", "warning"}})).json()) ==
              std::vector<std::string>{"held"});
        slow.reading = true;
        mesh.wait(seconds(3));
        CHECK(has(asker.ask("router@a", request("events")).json(), "hold over"));
    }

    TEST_CASE("refusals are listed with their words; what a trace finds isn't one") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        asker.send("nosuch");
        mesh.run();
        asker.envelopes();
        asker.post("router@a", request("trace", {{"destination", "neither"}}));
        CHECK(asker.error() == "no-route");
        const json rows = asker.ask("router@a", request("refusals")).json()["refusals"];
        REQUIRE(rows.size() == 1);
        CHECK(rows[0]["destination"] == "nosuch");
        CHECK(rows[0]["count"] == 1);
        CHECK(rows[0]["why"] == "no machine that can be reached lists this service");
    }

    TEST_CASE("why a link is down is kept, with how often it failed, until it is up") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.wait(seconds(3));
        Peer& asker = mesh.service("a");
        const auto failure = [&] {
            return asker.ask("router@a", request("neighbours")).json()["neighbours"][0];
        };
        const json down = failure();
        CHECK(down["state"] == "down");
        CHECK(down["failure"]["times"].get<int>() > 1);
        CHECK(down["failure"]["code"] == "ECONNREFUSED");
        mesh.add("b", {"a"});
        mesh.wait(seconds(10));
        CHECK(failure()["state"] == "up");
        CHECK_FALSE(failure().contains("failure"));
    }

    TEST_CASE("a trace from another machine begins there, and its reports come to the asker") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b", {"a", "c"});
        mesh.add("c", {"b"});
        mesh.service("c", {"gpu"});
        mesh.wait(seconds(2));
        Peer& asker = mesh.service("a");
        asker.post("router@b", request("trace", {{"destination", "gpu"}}));
        mesh.wait(milliseconds(10));
        const std::vector<Got> got = asker.envelopes();
        REQUIRE(got.size() == 2);
        CHECK(got[0].json()["machineId"] == "b");
        CHECK(got[0].json()["reason"] == "forwarded");
        CHECK(got[1].json()["machineId"] == "c");
        CHECK(got[1].json()["reason"] == "delivered");
    }
}

}  // namespace jetway::router::testing
