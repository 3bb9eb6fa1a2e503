// Which of two connections to one neighbour is kept, when a link is dialled, and who a neighbour
// is.
#include "router/links.h"

#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

// Runs `play` for every sequence of choices, up to `most` of them; returns how many there were.
std::size_t every_order(std::size_t most, const std::function<void(Mesh&)>& play) {
    std::vector<std::size_t> chosen;
    std::size_t runs = 0;
    while (runs < most) {
        std::vector<std::size_t> limits;
        std::size_t at = 0;
        {
            Mesh mesh;
            mesh.choose = [&](std::size_t n) {
                if (at == chosen.size()) {
                    chosen.push_back(0);
                }
                limits.push_back(n);
                return chosen[at++];
            };
            play(mesh);
        }
        ++runs;
        chosen.resize(at);
        while (!chosen.empty() && chosen.back() + 1 >= limits[chosen.size() - 1]) {
            chosen.pop_back();
        }
        if (chosen.empty()) {
            return runs;
        }
        ++chosen.back();
    }
    return runs;
}

// A connection to `a` that says it is router `b`, started so many times.
Peer& b_at_a(Mesh& mesh, std::uint64_t incarnation) {
    Peer& peer = mesh.connect("a", Entry::network_listener);
    peer.hello_router("b", incarnation);
    return peer;
}

}  // namespace

TEST_SUITE("router.links") {
    TEST_CASE("judge: both ends of two simultaneous dials keep the same one, in both byte orders") {
        const NeighbourEnd ours{.dialled_by_us = true, .incarnation = 1};
        const NeighbourEnd theirs{.dialled_by_us = false, .incarnation = 1};
        CHECK(judge("a", "b", ours, nullptr, false) == Verdict::accept);
        CHECK(judge("a", "b", theirs, nullptr, false) == Verdict::accept);
        CHECK(judge("a", "b", theirs, nullptr, true) == Verdict::duplicate);
        CHECK(judge("b", "a", theirs, nullptr, true) == Verdict::accept);
        CHECK(judge("a", "b", ours, &theirs, false) == Verdict::replace);
        CHECK(judge("b", "a", ours, &theirs, false) == Verdict::duplicate);
        CHECK(judge("b", "a", theirs, &ours, false) == Verdict::replace);
        CHECK(judge("a", "b", theirs, &ours, false) == Verdict::contest);
    }

    TEST_CASE("judge: another incarnation is a contest, whoever dialled") {
        const NeighbourEnd old_ours{.dialled_by_us = true, .incarnation = 1};
        const NeighbourEnd old_theirs{.dialled_by_us = false, .incarnation = 1};
        const NeighbourEnd fresh{.dialled_by_us = false, .incarnation = 2};
        for (const auto& [us, them] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
            CHECK(judge(us, them, fresh, &old_ours, false) == Verdict::contest);
            CHECK(judge(us, them, fresh, &old_theirs, false) == Verdict::contest);
        }
    }

    TEST_CASE("two routers that dial each other end with one connection, whatever comes first") {
        for (const auto& [first, second] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
            std::size_t worst_dials = 0;
            const std::size_t runs = every_order(600, [&](Mesh& mesh) {
                mesh.add(first, {second});
                mesh.add(second, {first});
                mesh.run();
                mesh.choose = nullptr;
                mesh.wait(seconds(3));
                CHECK(mesh.pipes("a", "b") == 1);
                for (const char* name : {"a", "b"}) {
                    CHECK(mesh[name].gossip().links().size() == 1);
                    CHECK(mesh[name].connections().size() == 1);
                }
                worst_dials = std::max(worst_dials, mesh.dials);
            });
            MESSAGE(runs << " orders, at most " << worst_dials << " dials");
            CHECK(runs > 10);
            CHECK(worst_dials <= 4);
        }
    }

    TEST_CASE("of two dials that cross, the connection that the smaller machine dialled is kept") {
        for (const auto& [first, second] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
            Mesh mesh;
            mesh.add(first, {second});
            mesh.add(second, {first});
            mesh.run();  // both dials are done before any byte is delivered
            CHECK(mesh.pipes("a", "b") == 1);
            CHECK(mesh.dialler("a", "b") == "a");
        }
    }

    TEST_CASE("a new incarnation takes the place of a connection that no longer answers") {
        Mesh mesh;
        mesh.add("a");
        Peer& old = b_at_a(mesh, 1);
        mesh.run();
        Peer& fresh = b_at_a(mesh, 2);
        CHECK(fresh.take(Kind::hello).empty());
        CHECK(old.take(Kind::ping).size() == 1);
        mesh.wait(milliseconds(299));
        CHECK(fresh.take(Kind::hello).empty());
        mesh.wait(milliseconds(1));
        CHECK(fresh.take(Kind::hello).size() == 1);
        CHECK(old.closed());
        CHECK(mesh["a"].gossip().links().size() == 1);
    }

    TEST_CASE("a new incarnation beside one that answers is a duplicate-machine") {
        Mesh mesh;
        mesh.add("a");
        Peer& old = b_at_a(mesh, 1);
        mesh.run();
        Peer& fresh = b_at_a(mesh, 2);
        mesh.wait(milliseconds(10));
        old.say(Kind::pong, Bytes{0xc0});
        mesh.wait(milliseconds(300));
        CHECK(fresh.goodbye() == "duplicate-machine");
        CHECK_FALSE(old.closed());
    }

    TEST_CASE("a new incarnation takes over at once when the old connection closes") {
        Mesh mesh;
        mesh.add("a");
        Peer& old = b_at_a(mesh, 1);
        mesh.run();
        Peer& fresh = b_at_a(mesh, 2);
        mesh.run();
        old.hang_up();
        CHECK(fresh.take(Kind::hello).size() == 1);
    }

    TEST_CASE("the same incarnation that dials again replaces its old connection") {
        Mesh mesh;
        mesh.add("a");
        Peer& old = b_at_a(mesh, 1);
        mesh.run();
        Peer& fresh = b_at_a(mesh, 1);
        CHECK(fresh.take(Kind::hello).size() == 1);
        CHECK(old.goodbye() == "duplicate");
    }

    TEST_CASE("a refused dial is repeated at once and then ever more rarely, at most 5 s apart") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.wait(seconds(60));
        CHECK(mesh.dials > 15);
        CHECK(mesh.dials < 40);
        mesh.add("b");
        mesh.wait(seconds(5));
        CHECK(mesh.pipes("a", "b") == 1);
    }

    TEST_CASE("a dial that reaches another machine than the one meant is forbidden") {
        Mesh mesh;
        mesh.add("a", {"b"});
        Router& a = mesh["a"];
        const TerminalId id =
            a.dialled(0, {.by = Entry::dialled, .peer_address = "somewhere"}, mesh.now);
        REQUIRE(id != 0);
        envelope::Hello hello;
        hello.protocol = {1};
        hello.role = envelope::Role::router;
        hello.machine_id = "c";
        hello.incarnation = 1;
        Bytes body;
        envelope::append_hello(body, hello);
        Bytes bytes;
        envelope::append_frame(bytes, {.kind = Kind::hello, .flags = 0, .hops = 0, .pin = {}},
                               body);
        a.on_bytes(id, bytes, nullptr, mesh.now);
        REQUIRE(a.connections().find(id) != nullptr);
        CHECK(a.connections().find(id)->terminal.closing_code() == "forbidden");
        CHECK(a.gossip().links().empty());
    }
}

}  // namespace jetway::router::testing
