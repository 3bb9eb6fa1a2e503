// The request `statistics`, and the round trip in `neighbours`.
#include "router/histogram.h"
#include "router/traffic.h"
#include "tests/router/asking.h"

namespace jetway::router::testing {

namespace {

using nlohmann::json;

std::uint64_t sum(const json& numbers) {
    std::uint64_t all = 0;
    for (const json& number : numbers) {
        all += number.get<std::uint64_t>();
    }
    return all;
}

struct Line {
    Line() {
        line(mesh);
        web = &mesh.service("c", {"web"});
        asker = &mesh.service("a");
        mesh.wait(seconds(1));
    }
    json asked(const std::string& machine, const std::string& what) {
        return asker->ask("router@" + machine, request(what)).json();
    }
    json statistics(const std::string& of) { return asked(of, "statistics"); }

    Mesh mesh;
    Peer* web = nullptr;
    Peer* asker = nullptr;
};

}  // namespace

TEST_SUITE("router.statistics") {
    TEST_CASE("a histogram counts each value once, under the first bound that it doesn't pass") {
        Histogram<2> histogram({10, 100});
        histogram.add(0, 1);
        histogram.add(10, 2);
        histogram.add(11, 4);
        histogram.add(100, 8);
        histogram.add(101, 16);
        CHECK(histogram.counts() == std::array<std::uint64_t, 3>{3, 12, 16});
        CHECK(histogram.sum() == 20 + 44 + 800 + 1616);
    }

    TEST_CASE("every envelope that is done is in the times of forwarding or of waiting") {
        Line line;
        for (int i = 0; i < 5; ++i) {
            line.asker->send("web");
        }
        line.asker->send("nobody");
        line.mesh.wait(milliseconds(20));
        line.asker->envelopes();
        for (const std::string machine : {"a", "b", "c"}) {
            CAPTURE(machine);
            const json answer = line.statistics(machine);
            CHECK(answer["schema"] == "jetway.statistics/1");
            CHECK(answer["machineId"] == machine);
            const json& envelopes = answer["envelopes"];
            const std::uint64_t done = envelopes["forwarded"].get<std::uint64_t>() +
                                       envelopes["delivered"].get<std::uint64_t>() +
                                       sum(envelopes["refused"]);
            // But what this very turn did, for it isn't over: it took the request.
            CHECK(sum(answer["forwarding"]["counts"]) + sum(answer["waited"]["counts"]) ==
                  done - 1);
            CHECK(answer["forwarding"]["counts"].size() ==
                  answer["forwarding"]["boundsMicroseconds"].size() + 1);
        }
    }

    TEST_CASE("hops are those that an envelope made, by the router that delivers it") {
        Line line;
        for (int i = 0; i < 5; ++i) {
            line.asker->send("web");
        }
        line.mesh.wait(milliseconds(20));
        const json there = line.statistics("c")["hops"];
        REQUIRE(there.size() == 3);
        CHECK(there[2] >= 5);
        CHECK(there[1] == 0);
        const json here = line.statistics("a")["hops"];
        CHECK(here[0] >= 1);  // the request itself
    }

    TEST_CASE("terminals are named by links and listeners, and who comes and goes adds no row") {
        Line line;
        const json before = line.statistics("c")["terminals"];
        for (int i = 0; i < 20; ++i) {
            Peer& client = line.mesh.service("c", {"passing"});
            client.send("echo");
            line.mesh.wait(milliseconds(1));
            client.hang_up();
            line.mesh.wait(milliseconds(1));
        }
        const json after = line.statistics("c")["terminals"];
        CHECK(after.size() == before.size());
        const json& local = row(after, "name", "local");
        CHECK(local["envelopesIn"] == 20);
        CHECK(local["envelopesOut"] == 20);
        CHECK(local["connections"] == 1);
        const json& link = row(after, "name", "from-b");
        CHECK(link["peer"] == "b");
        CHECK(link["type"] == "network");
        CHECK(link["bytesIn"] > 0);
    }

    TEST_CASE("a link's counts go on when its connection breaks, and when it dies") {
        Line line;
        const auto link = [&] { return row(line.statistics("a")["links"], "machineId", "b"); };
        const auto in = [&] {
            return row(line.statistics("a")["terminals"], "name", "to-b")["bytesIn"]
                .get<std::uint64_t>();
        };
        CHECK(link()["up"] == 1);
        CHECK(link()["resumed"] == 0);
        const std::uint64_t before = in();
        line.mesh.interrupt("a", "b");
        line.mesh.wait(seconds(1));
        CHECK(link()["resumed"] == 1);
        CHECK(link()["down"] == 0);
        const std::uint64_t resumed = in();
        CHECK(resumed > before);
        line.mesh.cut("a", "b");
        line.mesh.wait(seconds(2));
        CHECK(link()["state"] == "down");
        CHECK(link()["down"] == 1);
        CHECK(link()["failedDials"] > 0);
        line.mesh.mend("a", "b");
        line.mesh.wait(seconds(6));
        CHECK(link()["state"] == "up");
        CHECK(link()["up"] == 2);
        CHECK(in() > resumed);
    }

    TEST_CASE("changes of routes are counted by their cause") {
        Line line;
        const json before = line.statistics("a")["routeChanges"];
        line.mesh.service("c", {"late"});
        line.mesh.wait(milliseconds(100));
        const json after = line.statistics("a")["routeChanges"];
        CHECK(after["announcement"] == before["announcement"].get<std::uint64_t>() + 1);
        CHECK(after["link-up"] == before["link-up"]);
        line.mesh.kill("c");
        line.mesh.wait(seconds(2));
        CHECK(line.statistics("b")["routeChanges"]["link-down"] > 0);
        CHECK(line.statistics("a")["routes"]["machines"] == 2);
    }

    TEST_CASE("idle links are measured: statistics and neighbours tell the round trip") {
        Line line;
        line.mesh.wait(seconds(2));
        for (const std::string view : {"statistics", "neighbours"}) {
            CAPTURE(view);
            const json answer = line.asked("a", view);
            const json& link = answer[view == "neighbours" ? "neighbours" : "links"][0];
            const json& round_trip = link["roundTripMicroseconds"];
            REQUIRE(round_trip.is_object());
            CHECK(round_trip["samples"] >= 2);
            CHECK(round_trip["least"] <= round_trip["smoothed"]);
        }
    }

    TEST_CASE("names that change without end share a row beyond the bound") {
        Traffic traffic;
        for (std::size_t i = 0; i < Traffic::most + 100; ++i) {
            ++traffic.link("m" + std::to_string(i)).up;
        }
        CHECK(traffic.find_link("others")->up == 100);
        CHECK(traffic.find_link("m" + std::to_string(Traffic::most)) == nullptr);
    }
}

}  // namespace jetway::router::testing
