// Several routers: lines, triangles, machines that die.
#include "tests/router/mesh.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace jetway::router::testing {

namespace {

void triangle(Mesh& mesh) {
    mesh.add("a", {"b", "c"});
    mesh.add("b", {"c"});
    mesh.add("c");
    mesh.wait(milliseconds(100));
}

}  // namespace

TEST_SUITE("router.mesh") {
    TEST_CASE("across two hops and back: bound at the first router, each hop costs one") {
        Mesh mesh;
        line(mesh);
        Peer& gpu = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        asker.send("gpu", "question", 4);
        std::vector<Got> got = gpu.envelopes();
        REQUIRE(got.size() == 1);
        CHECK(got[0].source() == asker.address());
        CHECK(got[0].hops == 30);
        CHECK(got[0].pin.empty());
        gpu.send(got[0].source(), "answer");
        got = asker.envelopes();
        REQUIRE(got.size() == 1);
        CHECK(got[0].data() == "answer");
        CHECK(mesh["b"].forwarder().counters().forwarded == 2);
    }

    TEST_CASE("the hop limit is enough for the distance or the router where it ends says so") {
        Mesh mesh;
        line(mesh);
        Peer& gpu = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        asker.send(fields("gpu@c"), 0, 3);
        CHECK(gpu.envelopes().size() == 1);
        asker.send(fields("gpu@c"), 0, 2);
        const std::vector<Got> got = asker.envelopes();
        REQUIRE(got.size() == 1);
        CHECK(got[0].error().code == "hop-limit");
        CHECK(got[0].error().at == "b");
    }

    TEST_CASE("the nearest machine is chosen, and the next when it is gone") {
        Mesh mesh;
        line(mesh);
        Peer& near = mesh.service("b", {"gpu"});
        Peer& far = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        for (int i = 0; i < 4; ++i) {
            asker.send("gpu");
        }
        CHECK(near.envelopes().size() == 4);
        near.hang_up();
        mesh.wait(milliseconds(100));
        asker.send("gpu");
        CHECK(far.envelopes().size() == 1);
    }

    TEST_CASE("machines at the same cost take turns") {
        Mesh mesh;
        triangle(mesh);
        Peer& b = mesh.service("b", {"gpu"});
        Peer& c = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        for (int i = 0; i < 6; ++i) {
            asker.send("gpu");
        }
        CHECK(b.envelopes().size() == 3);
        CHECK(c.envelopes().size() == 3);
    }

    TEST_CASE("@machine goes there and nowhere else, @* once to every machine that has it") {
        Mesh mesh;
        line(mesh);
        Peer& b = mesh.service("b", {"gpu"});
        Peer& c = mesh.service("c", {"gpu"});
        Peer& again = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        asker.send("gpu@c");
        CHECK(b.envelopes().empty());
        CHECK(c.envelopes().size() + again.envelopes().size() == 1);
        asker.send("gpu@*");
        CHECK(b.envelopes().size() == 1);
        CHECK(c.envelopes().size() + again.envelopes().size() == 1);
        asker.send("gpu@a");
        CHECK(asker.error() == "no-route");
    }

    TEST_CASE("hairpin: the answer goes to replyTo on another machine") {
        Mesh mesh;
        line(mesh);
        Peer& gpu = mesh.service("c", {"gpu"});
        Peer& desk = mesh.service("b", {"desk"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        asker.send(fields("gpu", {}, "desk@b"));
        const std::vector<Got> got = gpu.envelopes();
        REQUIRE(got.size() == 1);
        gpu.send(got[0].view().reply_to, "result");
        CHECK(desk.envelopes().size() == 1);
        CHECK(asker.envelopes().empty());
        asker.send(fields("echo@c", {}, "desk"));
        CHECK(desk.envelopes().size() == 1);
    }

    TEST_CASE("a client address is known across the mesh by its machine, and never without it") {
        Mesh mesh;
        line(mesh);
        Peer& c = mesh.service("c");
        Peer& asker = mesh.service("a");
        asker.send(c.address());
        CHECK(c.envelopes().size() == 1);
        asker.send(envelope::split_address(c.address()).service);
        CHECK(c.envelopes().empty());
    }

    TEST_CASE("every router on the way of a traced frame reports") {
        Mesh mesh;
        line(mesh);
        Peer& gpu = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        asker.send(fields("gpu@c", {}, asker.address()), flag::trace);
        CHECK(gpu.envelopes().size() == 1);
        std::vector<std::string> machines;
        for (const Got& got : asker.envelopes()) {
            machines.push_back(got.json()["machineId"]);
        }
        std::sort(machines.begin(), machines.end());
        CHECK(machines == std::vector<std::string>{"a", "b", "c"});
    }

    TEST_CASE("a machine that is killed is no-route from everywhere, and back when it restarts") {
        Mesh mesh;
        line(mesh);
        mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.kill("c");
        mesh.wait(seconds(1));
        for (const char* destination : {"gpu", "gpu@c", "router@c", "gpu@*"}) {
            asker.send(destination);
            CHECK(asker.error() == "no-route");
        }
        mesh.add("c", {}, [](Options& o) { o.incarnation = 2; });
        mesh.wait(seconds(10));
        Peer& gpu = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        asker.send("gpu");
        CHECK(gpu.envelopes().size() == 1);
    }

    TEST_CASE("in a triangle an envelope waits out the loss of a link, and none is refused") {
        Mesh mesh;
        triangle(mesh);
        Peer& gpu = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.cut("a", "c");
        std::size_t sent = 0;
        for (int i = 0; i < 50; ++i) {
            asker.send(i % 2 == 0 ? "gpu" : "gpu@c");
            ++sent;
            mesh.wait(milliseconds(10));
        }
        CHECK(asker.envelopes().empty());
        CHECK(gpu.envelopes().size() == sent);
        CHECK(mesh["a"].forwarder().waiting() == 0);
    }

    TEST_CASE("what waits in vain for a feasible route is no-route after request_timeout") {
        Mesh mesh;
        triangle(mesh);
        mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.silence("b", "c");  // b believes in its route to c for a while
        mesh.cut("a", "c");
        mesh.run();
        asker.send("gpu@c");
        mesh.run();
        const std::size_t waiting = mesh["a"].forwarder().waiting();
        CHECK(waiting == 1);
        mesh.wait(milliseconds(499));
        CHECK(asker.envelopes().empty());
        mesh.wait(milliseconds(1));
        CHECK(asker.error() == "no-route");
        CHECK(mesh["a"].forwarder().waiting() == 0);
        mesh.wait(seconds(2));
        asker.send("gpu@c");
        CHECK(asker.error() == "no-route");
    }

    TEST_CASE("the waiting room is bounded, and what it has no room for is overloaded") {
        Mesh mesh;
        mesh.add("a", {"b", "c"}, [](Options& o) { o.terminal.queue = 20'000; });
        mesh.add("b", {"c"});
        mesh.add("c");
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.silence("b", "c");
        mesh.cut("a", "c");
        mesh.run();
        for (int i = 0; i < 30; ++i) {
            asker.send("router@c", std::string(1000, 'x'));
        }
        mesh.run();
        const std::size_t waiting = mesh["a"].forwarder().waiting();
        CHECK(waiting > 5);
        CHECK(waiting < 20);
        std::size_t overloaded = 0;
        for (const Got& got : asker.envelopes()) {
            overloaded += got.error().code == "overloaded" ? 1U : 0U;
        }
        CHECK(overloaded == 30 - waiting);
    }

    TEST_CASE("silence ends a link after dead_after, and a PING keeps a quiet one") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(seconds(4));
        CHECK(mesh["a"].gossip().links().size() == 1);
        CHECK(mesh.dials == 1);
        mesh.silence("a", "b");
        mesh.wait(milliseconds(590));  // the last PING came at most 300 ms ago
        CHECK(mesh["a"].gossip().links().size() == 1);
        mesh.wait(milliseconds(311));
        CHECK(mesh["a"].gossip().links().empty());
        CHECK(mesh["b"].gossip().links().empty());
        mesh.mend("a", "b");
        mesh.wait(seconds(10));
        CHECK(mesh["a"].gossip().links().size() == 1);
    }

    TEST_CASE("a neighbour that is sent nothing for gossip.hello gets a PING, a service none") {
        Mesh mesh;
        mesh.add("a");
        Peer& service = mesh.service("a");
        Peer& router = mesh.connect("a", Entry::network_listener);
        router.hello_router("b");
        mesh.wait(milliseconds(100));
        CHECK(router.take(Kind::ping).empty());
        mesh.wait(milliseconds(300));
        CHECK(router.take(Kind::ping).size() == 1);
        mesh.wait(seconds(1));
        CHECK(router.goodbye() == "silent");
        mesh.wait(seconds(100));
        CHECK(service.take(Kind::ping).empty());
        CHECK_FALSE(service.closed());
    }

    TEST_CASE("shutdown retracts before it says GOODBYE, so that nobody sends there any more") {
        Mesh mesh;
        line(mesh);
        Peer& b = mesh.service("b", {"gpu"});
        Peer& c = mesh.service("c", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh["b"].begin_shutdown(mesh.now);
        mesh.wait(milliseconds(100));
        asker.send("gpu");
        CHECK(asker.error() == "no-route");
        CHECK(b.envelopes().empty());
        CHECK(c.envelopes().empty());
        CHECK(mesh["b"].drained());
        mesh["b"].end_shutdown(mesh.now);
        CHECK(b.goodbye() == "shutdown");
        CHECK(b.closed());
        mesh.run();
        CHECK(mesh["a"].gossip().links().empty());
        CHECK(mesh["b"].connections().size() == 0);
    }
}

}  // namespace jetway::router::testing
