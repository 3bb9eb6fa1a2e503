// Links over broken connections: suspended, resumed, dead, and what becomes of what was under way.
#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

constexpr int envelopes = 20;

void send_all(Peer& from, std::string_view to) {
    for (int i = 0; i < envelopes; ++i) {
        from.send(to, std::string(static_cast<std::size_t>(10 + i), 'x'));
    }
}

// The lengths of what came, less those that send_all gives the first one.
std::vector<int> order(const std::vector<Got>& got) {
    std::vector<int> lengths;
    for (const Got& one : got) {
        lengths.push_back(static_cast<int>(one.data().size()) - 10);
    }
    return lengths;
}

std::vector<int> in_order() {
    std::vector<int> numbers;
    for (int i = 0; i < envelopes; ++i) {
        numbers.push_back(i);
    }
    return numbers;
}

const Neighbour& link(Mesh& mesh, const std::string& from, const std::string& to) {
    const Neighbour* neighbour = mesh[from].neighbours().to(to);
    REQUIRE(neighbour != nullptr);
    return *neighbour;
}

}  // namespace

TEST_SUITE("router.sessions") {
    TEST_CASE("a connection cut anywhere loses, repeats and reorders nothing") {
        std::uint64_t resent = 0;
        std::uint64_t resumed = 0;
        for (const std::size_t read : {0U, 3U, 50U, 400U}) {
            for (int at = 0; at < 25; ++at) {
                Mesh mesh;
                line(mesh);
                Peer& gpu = mesh.service("c", {"gpu"});
                mesh.wait(milliseconds(100));
                Peer& asker = mesh.service("a");
                mesh.run();
                send_all(asker, "gpu");
                int step = 0;
                mesh.before_step = [&] {
                    if (step++ == at) {
                        mesh.interrupt("a", "b", read);
                        mesh.interrupt("b", "c", 2 * read);
                    }
                };
                mesh.wait(milliseconds(700));
                const std::vector<Got> got = gpu.envelopes();
                CHECK(order(got) == in_order());
                for (const Got& one : got) {
                    CHECK((one.flags & envelope::flag::possible_duplicate) == 0);
                }
                CHECK(asker.envelopes().empty());
                resumed += link(mesh, "a", "b").resumed;
                CHECK(link(mesh, "a", "b").session.kept_bytes() == 0);
                CHECK(link(mesh, "a", "b").session.sent() ==
                      link(mesh, "b", "a").session.received());
                resent += link(mesh, "a", "b").resent;
            }
        }
        CHECK(resent > 0);
        CHECK(resumed > 90);
    }

    TEST_CASE("a suspended link keeps its routes, and what is sent meanwhile waits for it") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(milliseconds(100));
        Peer& gpu = mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.unreachable("a", "b");
        mesh.run();
        CHECK(link(mesh, "a", "b").suspended());
        send_all(asker, "gpu");
        mesh.wait(milliseconds(500));
        CHECK(mesh["a"].gossip().links().size() == 1);
        CHECK(asker.envelopes().empty());
        mesh.mend("a", "b");
        mesh.wait(milliseconds(350));
        CHECK(order(gpu.envelopes()) == in_order());
    }

    TEST_CASE(
        "after dead_after a suspended link is dead at both ends, and what it held is link-lost") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(milliseconds(100));
        mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.unreachable("a", "b");
        mesh.run();
        asker.send("gpu@b");
        mesh.wait(milliseconds(899));
        CHECK(mesh["a"].neighbours().size() == 1);
        CHECK(mesh["b"].neighbours().size() == 1);
        mesh.wait(milliseconds(1));
        CHECK(mesh["a"].neighbours().size() == 0);
        CHECK(mesh["b"].neighbours().size() == 0);
        CHECK(asker.error() == "link-lost");
        CHECK(mesh["a"].forwarder().counters().returned == 1);
        mesh.mend("a", "b");
        mesh.wait(seconds(6));
        CHECK(link(mesh, "a", "b").session.sent() == 0);  // another session
    }

    TEST_CASE("a redial that is refused ends the link at once") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(milliseconds(100));
        mesh.kill("b");
        mesh.wait(milliseconds(1));
        CHECK(mesh["a"].neighbours().size() == 0);
    }

    TEST_CASE("what a dead neighbour hadn't acknowledged goes another way, marked") {
        for (const std::string_view to : {"gpu", "gpu@d"}) {
            Mesh mesh;
            mesh.add("a", {"b", "c"});
            mesh.add("b", {"d"});
            mesh.add("c", {"d"}, [](Options& options) { options.links.front().cost = 5; });
            mesh.add("d");
            mesh.wait(milliseconds(200));
            Peer& gpu = mesh.service("d", {"gpu"});
            mesh.wait(milliseconds(200));
            Peer& asker = mesh.service("a");
            mesh.run();
            CHECK(mesh["a"].gossip().selected("d")->link == link(mesh, "a", "b").id);
            mesh.silence("a", "b");
            send_all(asker, to);
            mesh.wait(seconds(2));
            const std::vector<Got> got = gpu.envelopes();
            CHECK(order(got) == in_order());
            for (const Got& one : got) {
                CHECK((one.flags & envelope::flag::possible_duplicate) != 0);
            }
            CHECK(asker.envelopes().empty());
        }
    }

    TEST_CASE("what had no machine in its destination goes to another instance") {
        Mesh mesh;
        mesh.add("a", {"b", "c"});
        mesh.add("b");
        mesh.add("c", {}, [](Options&) {});
        mesh.wait(milliseconds(200));
        Peer& near = mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.silence("a", "b");
        asker.send("gpu");
        Peer& far = mesh.service("c", {"gpu"});
        mesh.wait(seconds(2));
        CHECK(near.envelopes().empty());
        CHECK(far.envelopes().size() == 1);
        CHECK(asker.envelopes().empty());
    }

    TEST_CASE(
        "a router that was started again doesn't go on with the session of its earlier life") {
        Mesh mesh;
        mesh.add("a");
        Peer& first = mesh.connect("a", Entry::network_listener);
        first.hello_router("b", 1, 0, Bytes(16, 3), 0);
        mesh.run();
        CHECK(link(mesh, "a", "b").session.id() == Bytes(16, 3));
        first.hang_up();
        mesh.run();
        Peer& second = mesh.connect("a", Entry::network_listener);
        second.hello_router("b", 2, 0, Bytes(16, 3), 0);
        mesh.run();
        CHECK(link(mesh, "a", "b").incarnation == 2);
        CHECK(link(mesh, "a", "b").session.id() != Bytes(16, 3));  // that one has ended here
        CHECK(link(mesh, "a", "b").resumed == 0);
    }

    TEST_CASE("a session that isn't held is answered by another one") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.connect("a", Entry::network_listener);
        peer.hello_router("b", 1, 0, Bytes(16, 3), 5);
        mesh.run();
        const Bytes& ours = link(mesh, "a", "b").session.id();
        CHECK(ours.size() == terminal::Session::id_size);
        CHECK(ours != Bytes(16, 3));
        const std::vector<Got> answer = peer.take(Kind::hello);
        REQUIRE(answer.size() == 1);
        const base::Result<envelope::Hello> hello = envelope::read_hello(answer[0].body, 0);
        REQUIRE(hello);
        CHECK(hello->session == ours);
        CHECK(hello->received == 0);
    }

    TEST_CASE("a HELLO with the session in use replaces its connection at once") {
        Mesh mesh;
        mesh.add("a");
        Peer& half_open = mesh.connect("a", Entry::network_listener);
        half_open.hello_router("b", 1, 0, Bytes(16, 3), 0);
        mesh.run();
        const LinkId id = link(mesh, "a", "b").id;
        Peer& again = mesh.connect("a", Entry::network_listener);
        again.hello_router("b", 1, 0, Bytes(16, 3), 0);
        mesh.run();
        CHECK(half_open.closed());
        CHECK_FALSE(again.closed());
        CHECK(link(mesh, "a", "b").id == id);
        CHECK(link(mesh, "a", "b").resumed == 1);
        CHECK(mesh["a"].gossip().links().size() == 1);
    }

    TEST_CASE("an ACK of what was never sent ends the link") {
        for (const Bytes& body : {Bytes{0xc0}, number(5), number(UINT64_MAX), text("a")}) {
            Mesh mesh;
            mesh.add("a");
            Peer& peer = mesh.connect("a", Entry::network_listener);
            peer.hello_router("b", 1, 0, Bytes(16, 3), 0);
            mesh.run();
            peer.say(Kind::ack, body);
            mesh.run();
            CHECK(peer.goodbye() == "bad-frame");
        }
    }

    TEST_CASE("what is received is acknowledged within 20 ms, and 64 frames at once") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.connect("a", Entry::network_listener);
        peer.hello_router("b", 1, 0, Bytes(16, 3), 0);
        mesh.run();
        const auto acks = [&] {
            std::vector<int> counts;
            for (const Got& got : peer.take(Kind::ack)) {
                counts.push_back(got.body.front());
            }
            return counts;
        };
        envelope::EnvelopeFields fields;
        fields.destination = "router@a";
        peer.send(fields, 0, 9, "a");
        mesh.wait(milliseconds(19));
        CHECK(acks().empty());
        mesh.wait(milliseconds(1));
        CHECK(acks() == std::vector<int>{1});
        for (int i = 0; i < 64; ++i) {
            peer.send(fields, 0, 9, "a");
        }
        mesh.run();
        const std::vector<int> at_once = acks();
        REQUIRE(!at_once.empty());
        CHECK(at_once.back() == 65);
    }

    TEST_CASE("what isn't acknowledged is bounded, and more than that is overloaded") {
        Mesh mesh;
        mesh.add("a", {"b"}, [](Options& options) { options.terminal.unacknowledged = 5'000; });
        mesh.add("b");
        mesh.wait(milliseconds(100));
        mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        mesh.silence("a", "b");
        for (int i = 0; i < 20; ++i) {
            asker.send("gpu@b", std::string(1'000, 'x'));
        }
        mesh.run();
        CHECK(link(mesh, "a", "b").session.kept_bytes() <= 5'000);
        CHECK(asker.envelopes().size() > 10);
    }

    TEST_CASE("a router that was stopped for a while doubts itself, not its neighbours") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(seconds(1));
        const LinkId id = link(mesh, "a", "b").id;
        mesh.now += seconds(10);  // nobody calls a meanwhile, and what b sent waits
        mesh["a"].on_deadline(mesh.now);
        mesh["b"].on_deadline(mesh.now);
        mesh.wait(seconds(2));
        CHECK(link(mesh, "a", "b").id == id);
    }

    TEST_CASE("shutdown waits until all that was sent is acknowledged") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(milliseconds(100));
        Peer& gpu = mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        asker.send("gpu");
        mesh.run();
        CHECK(gpu.envelopes().size() == 1);
        CHECK_FALSE(mesh["a"].drained());
        mesh["a"].begin_shutdown(mesh.now);
        mesh.wait(milliseconds(20));
        CHECK(mesh["a"].drained());
    }
}

}  // namespace jetway::router::testing
