// What a router remembers of its changes: the ring by itself, and in routers that meet and part.
#include "router/history.h"

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

using envelope::Health;
using Json = nlohmann::json;

Bytes history_request(const std::string& of, std::uint64_t limit, std::uint64_t before = 0) {
    return request("history", {{"of", of}, {"limit", limit}, {"before", before}});
}

Bytes routes_request(std::uint64_t age_ms) {
    return request("routes", {{"ageMs", age_ms}});
}

// A change as a line: "c: a→ lost < link-down c (silent)".
std::string line(const Change& change) {
    const auto side = [&change](const auto& way, const auto& service) {
        if (!change.service.empty()) {
            return service ? std::string(envelope::health_name(service->health)) + "*" +
                                 std::to_string(service->up)
                           : std::string("-");
        }
        return way ? std::string(way->neighbour) + "/" + std::to_string(way->cost) : "-";
    };
    std::string text(change.machine);
    text += change.service.empty() ? "" : " " + std::string(change.service);
    text += ": " + side(change.way_before, change.service_before) + " > " +
            side(change.way_after, change.service_after) + " by " +
            std::string(event_name(change.cause.event));
    text += change.cause.of.empty() ? "" : " " + std::string(change.cause.of);
    return text + (change.cause.code.empty() ? "" : " " + std::string(change.cause.code));
}

// Lines that a failed check shows.
struct Lines : std::vector<std::string> {
    using vector::vector;
    Lines(std::vector<std::string> lines) : vector(std::move(lines)) {}
    friend std::ostream& operator<<(std::ostream& to, const Lines& lines) {
        for (const std::string& one : lines) {
            to << "\n  " << one;
        }
        return to;
    }
};

// The changes since there were `since`, the oldest first.
Lines lines(const Router& router, std::uint64_t since = 0, std::string_view of = {}) {
    Lines lines;
    const auto answer = router.history().changes({.of = of, .before = 0, .limit = 100'000});
    for (const Change& change : answer.changes) {
        if (change.number > since) {
            lines.insert(lines.begin(), line(change));
        }
    }
    return lines;
}

}  // namespace

TEST_SUITE("router.history") {
    TEST_CASE("no difference is no change, and a difference is one with before and after") {
        History history(100, base::Instant(seconds(1)));
        const Cause cause{Event::announcement, "b", {}};
        const base::Instant now(seconds(2));
        history.note("m", std::nullopt, nullptr, cause, now);
        CHECK(history.size() == 0);
        history.note("m", Way{"b", "to-b", 2, 2}, nullptr, cause, now);
        history.note("m", Way{"b", "to-b", 2, 2}, nullptr, cause, now);
        CHECK(history.size() == 1);
        history.note("m", Way{"c", "to-c", 3, 2}, nullptr, cause, now);
        history.note("m", std::nullopt, nullptr, {Event::link_down, "c", "silent"}, now);
        const auto got = history.changes({.of = {}, .before = 0, .limit = 10}).changes;
        REQUIRE(got.size() == 3);
        CHECK(line(got[0]) == "m: c/3 > - by link-down c silent");
        CHECK(line(got[1]) == "m: b/2 > c/3 by announcement b");
        CHECK(line(got[2]) == "m: - > b/2 by announcement b");
        CHECK(got[0].number == 3);
    }

    TEST_CASE("of a catalog with several instances, each service is one") {
        History history(100, base::Instant(seconds(1)));
        envelope::Catalog catalog;
        catalog.incarnation = catalog.revision = 1;
        for (const Health health : {Health::detached, Health::up, Health::up}) {
            catalog.services.emplace_back().service.name = "x";
            catalog.services.back().health = health;
        }
        catalog.services.emplace_back().service.name = "a";
        const Cause cause{Event::announcement, "b", {}};
        history.note("m", std::nullopt, &catalog, cause, base::Instant(seconds(2)));
        catalog.services.pop_back();
        catalog.services.pop_back();
        ++catalog.revision;
        history.note("m", std::nullopt, &catalog, cause, base::Instant(seconds(3)));
        const auto got = history.changes({.of = {}, .before = 0, .limit = 10}).changes;
        REQUIRE(got.size() == 4);
        CHECK(line(got[3]) == "m a: - > up*1 by announcement b");
        CHECK(line(got[2]) == "m x: - > up*2 by announcement b");
        CHECK(line(got[1]) == "m a: up*1 > - by announcement b");
        CHECK(line(got[0]) == "m x: up*2 > up*1 by announcement b");
    }

    TEST_CASE("the ring drops the oldest, and says how far it reaches") {
        History history(4, base::Instant(seconds(0)));
        const Cause cause{Event::announcement, "b", {}};
        for (std::uint16_t i = 1; i <= 10; ++i) {
            history.note("m", Way{"b", "to-b", i, 1}, nullptr, cause, base::Instant(seconds(i)));
        }
        CHECK(history.size() == 4);
        CHECK(history.recorded() == 10);
        CHECK(history.reach() == base::Instant(seconds(6)));
        CHECK(history.table_at(base::Instant(seconds(6))).at(0).way->cost == 6);
        CHECK(history.table_at(base::Instant(seconds(8))).at(0).way->cost == 8);
        CHECK(history.table_at(base::Instant(milliseconds(9'999))).at(0).way->cost == 9);
        CHECK(history.table_at(base::Instant(seconds(11))).at(0).way->cost == 10);
        CHECK(history.table_at(base::Instant(milliseconds(5'999))).empty());
        const auto page = history.changes({.of = {}, .before = 9, .limit = 1});
        REQUIRE(page.changes.size() == 1);
        CHECK(page.changes[0].number == 8);
        CHECK(page.more);
        CHECK_FALSE(history.changes({.of = {}, .before = 9, .limit = 2}).more);
    }

    TEST_CASE("with room for no change it keeps nothing") {
        History history(0, base::Instant(seconds(0)));
        const Cause cause{Event::attach, "client-1", {}};
        history.note("m", Way{"b", "to-b", 1, 1}, nullptr, cause, base::Instant(seconds(1)));
        history.note_service("a", "x", ServiceState{Health::up, 1}, cause,
                             base::Instant(seconds(1)));
        CHECK(history.size() == 0);
        CHECK(history.table_at(base::Instant(seconds(2))).empty());
    }

    TEST_CASE("names are kept as long as they are used") {
        Names names;
        Name first = names.name("x");
        {
            const Name second = names.name("x");
            const Name other = names.name("y");
            CHECK(first == second);
            CHECK(names.size() == 2);
        }
        CHECK(names.size() == 1);
        first = names.name("z");
        CHECK(names.size() == 1);
        CHECK(first.text() == "z");
        first = Name();
        CHECK(names.size() == 0);
        CHECK_FALSE(names.name(""));
    }
}

TEST_SUITE("router.recording") {
    TEST_CASE("every event that changes the table is a change with that cause") {
        Mesh mesh;
        mesh.add("a", {"b"}, [](Options& options) {
            options.services.push_back({.name = "gpu", .capabilities = {}, .version = {}});
        });
        Router& a = mesh["a"];
        CHECK(lines(a) == Lines{"a gpu: - > detached*0 by start"});
        mesh.add("b", {"c"});
        mesh.add("c");
        mesh.wait(seconds(1));
        CHECK(lines(a, 1) == Lines{"b: - > b/1 by link-up b", "c: - > b/2 by announcement b"});
        std::uint64_t seen = a.history().recorded();

        Peer& one = mesh.service("a", {"gpu"});
        Peer& two = mesh.service("a", {"gpu", "own"});
        two.detach({"own"});
        mesh.run();
        one.hang_up();
        mesh.wait(milliseconds(100));
        const auto client = [](const Peer& peer) {
            return peer.address().substr(0, peer.address().find('@'));
        };
        CHECK(lines(a, seen) == Lines{"a gpu: detached*0 > up*1 by attach " + client(one),
                                      "a gpu: up*1 > up*2 by attach " + client(two),
                                      "a own: - > up*1 by attach " + client(two),
                                      "a own: up*1 > - by detach " + client(two),
                                      "a gpu: up*2 > up*1 by detach " + client(one)});
        two.hang_up();
        mesh.wait(milliseconds(100));
        seen = a.history().recorded();

        Peer& far = mesh.service("c", {"far"});
        mesh.wait(milliseconds(100));
        CHECK(lines(a, seen) == Lines{"c far: - > up*1 by announcement b"});
        far.hang_up();
        mesh.wait(milliseconds(100));
        CHECK(lines(a, seen, "far").back() == "c far: up*1 > - by announcement b");
        seen = a.history().recorded();

        mesh.silence("a", "b");
        mesh.wait(seconds(2));
        CHECK(lines(a, seen).at(0) == "b: b/1 > - by link-down b silent");
        CHECK(lines(a, seen).at(1) == "c: b/2 > - by link-down b silent");
    }

    TEST_CASE("a detour is a loss and then another way; what is the same is no change") {
        Mesh mesh;
        mesh.add("a", {"b", "c"});
        mesh.add("b", {"c"});
        mesh.add("c");
        mesh.service("c", {"gpu"});
        mesh.wait(seconds(1));
        Router& a = mesh["a"];
        const std::uint64_t seen = a.history().recorded();
        mesh.wait(seconds(20));
        CHECK(lines(a, seen).empty());
        mesh.cut("a", "c");
        mesh.wait(seconds(1));
        const Lines gpu = lines(a, seen, "gpu");
        REQUIRE(gpu.size() == 2);
        CHECK(gpu[0].starts_with("c: c/1 > - by link-down c"));
        CHECK(gpu[1] == "c: - > b/2 by announcement b");
        mesh.mend("a", "c");
        mesh.wait(seconds(10));
        CHECK(lines(a, seen, "c").back() == "c: b/2 > c/1 by link-up c");
    }

    TEST_CASE("a changed deployment is the cause of what it takes down") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(seconds(1));
        Router& a = mesh["a"];
        const std::uint64_t seen = a.history().recorded();
        Options options = a.options();
        options.links[0].cost = 7;
        options.services.push_back({.name = "new", .capabilities = {}, .version = {}});
        a.reconfigure(options, mesh.now);
        mesh.wait(seconds(1));
        CHECK(lines(a, seen) == Lines{"b: b/1 > - by reconfigure b shutdown",
                                      "a new: - > detached*0 by reconfigure",
                                      "b: - > b/7 by link-up b"});
    }

    TEST_CASE("the routes of an earlier moment are what `routes` said then, whatever happened") {
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            CAPTURE(seed);
            base::Random random(seed);
            Mesh mesh;
            mesh.add("a", {"b", "c"});
            mesh.add("b", {"c", "d"});
            mesh.add("c", {"d"});
            mesh.add("d");
            Peer& asker = mesh.service("a");
            std::vector<std::pair<base::Instant, Json>> seen;
            std::vector<Peer*> attached;
            const char* machines[] = {"a", "b", "c", "d"};
            for (int step = 0; step < 60; ++step) {
                const std::string machine = machines[random.below(4)];
                const std::string other = machines[random.below(4)];
                switch (random.below(5)) {
                    case 0:
                        attached.push_back(
                            &mesh.service(machine, {"s" + std::to_string(random.below(3))}));
                        break;
                    case 1:
                        if (!attached.empty()) {
                            attached.back()->hang_up();
                            attached.pop_back();
                        }
                        break;
                    case 2:
                        mesh.cut(machine, other);
                        break;
                    case 3:
                        mesh.silence(machine, other);
                        break;
                    default:
                        mesh.mend(machine, other);
                }
                mesh.wait(milliseconds(random.below(900)));
                seen.emplace_back(mesh.now,
                                  asker.ask("router", request("routes")).json()["routes"]);
                mesh.wait(milliseconds(1));
            }
            for (const auto& [at, routes] : seen) {
                const auto age = static_cast<std::uint64_t>(
                    std::chrono::duration_cast<milliseconds>(mesh.now - at).count());
                const Json answer = asker.ask("router", routes_request(age)).json();
                CHECK(answer["ageMs"] == age);
                CHECK(answer["routes"] == routes);
            }
        }
    }

    TEST_CASE("a moment before the history is refused, with how far it reaches") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& options) { options.history = 2; });
        Peer& asker = mesh.service("a");
        mesh.wait(seconds(3));
        CHECK(asker.ask("router", routes_request(3'000)).json()["routes"].empty());
        const envelope::ErrorFields young = asker.ask("router", routes_request(4'000)).error();
        CHECK(young.code == "bad-envelope");
        CHECK(young.message ==
              "the history reaches back 3.000 s, when this router was started; 4.000 s is before "
              "that");
        for (int i = 0; i < 2; ++i) {
            mesh.service("a", {"x"}).hang_up();
        }
        mesh.wait(seconds(1));
        CHECK(asker.ask("router", routes_request(2'000)).error().message.find("no longer held") !=
              std::string::npos);
    }

    TEST_CASE("`history` answers the newest first, in pages") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.service("b", {"gpu"});
        mesh.wait(seconds(1));
        Peer& asker = mesh.service("a");
        const Json all = asker.ask("router", request("history")).json();
        CHECK(all["schema"] == "jetway.history/1");
        CHECK(all["held"] == all["changes"].size());
        CHECK(all["more"] == false);
        const Json first = asker.ask("router", history_request("", 1)).json();
        CHECK(first["more"] == true);
        REQUIRE(first["changes"].size() == 1);
        CHECK(first["changes"][0] == all["changes"][0]);
        const std::uint64_t number = first["changes"][0]["number"];
        const Json second = asker.ask("router", history_request("", 1, number)).json();
        CHECK(second["changes"][0] == all["changes"][1]);
        const Json gpu = asker.ask("router", history_request("gpu", 10)).json()["changes"];
        REQUIRE(gpu.size() == 2);
        CHECK(gpu[0]["change"] == "selected");
        CHECK(gpu[0]["after"] ==
              Json{{"neighbour", "b"}, {"terminal", "to-b"}, {"hops", 1}, {"cost", 1}});
        CHECK(gpu[0]["cause"] == Json{{"event", "link-up"}, {"of", "b"}, {"code", ""}});
        CHECK(gpu[1]["service"] == "gpu");
        CHECK(gpu[1]["before"] == nullptr);
        CHECK(asker.ask("router", history_request("nobody", 10)).json()["changes"].empty());
    }
}

TEST_SUITE("router.graph") {
    TEST_CASE("links are the router's own, and what is behind them are ways") {
        Mesh mesh;
        mesh.add("a", {"b", "z"});
        mesh.add("b", {"c"});
        mesh.add("c");
        mesh.service("c", {"gpu"});
        mesh.wait(seconds(1));
        Peer& asker = mesh.service("a");
        const Json graph = asker.ask("router", request("graph")).json();
        CHECK(graph["schema"] == "jetway.graph/1");
        CHECK(graph["links"] ==
              Json::parse(R"([{"machineId":"b","terminal":"to-b","state":"up","cost":1},
                              {"machineId":"z","terminal":"to-z","state":"down","cost":1}])"));
        CHECK(graph["ways"] ==
              Json::parse(R"([{"machineId":"b","neighbour":"b","terminal":"to-b","hops":1,"cost":1,
                               "state":"selected","feasible":true},
                              {"machineId":"c","neighbour":"b","terminal":"to-b","hops":2,"cost":2,
                               "state":"selected","feasible":true}])"));
        CHECK(graph["machines"][2] == Json::parse(R"({"machineId":"c","reachable":true,
                              "services":[{"name":"gpu","health":"up","up":1}]})"));
    }
}

}  // namespace jetway::router::testing
