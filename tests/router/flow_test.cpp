// Flow control: who is told to hold what, what waits, and what goes on.
#include <algorithm>

#include "envelope/hold.h"
#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

constexpr std::size_t queue = 64'000;

void small(Options& options) {
    options.terminal.queue = queue;
}

std::vector<std::string> addresses(Peer& peer, Kind kind) {
    std::vector<std::string> all;
    for (const Got& got : peer.take(kind)) {
        all.emplace_back(envelope::read_hold(got.body).value_or("?"));
    }
    return all;
}

using Addresses = std::vector<std::string>;

// Sends 1,000 bytes at a time until it is told to hold; how many it sent.
std::size_t send_until_held(Mesh& mesh, Peer& from, std::string_view to, std::size_t most = 1'000) {
    std::size_t sent = 0;
    while (sent < most && addresses(from, Kind::hold).empty()) {
        from.send(to, std::string(1'000, 'x'), sent++);
        mesh.run();
    }
    return sent;
}

std::size_t count(const std::vector<Got>& got, std::string_view code = {}) {
    return static_cast<std::size_t>(std::count_if(got.begin(), got.end(), [&](const Got& one) {
        return code.empty() ? one.view().error.empty()
                            : !one.view().error.empty() && one.error().code == code;
    }));
}

}  // namespace

TEST_SUITE("router.flow") {
    TEST_CASE("a slow service's senders are told to hold it, hop by hop, and later to resume") {
        Mesh mesh;
        line(mesh, small, small);
        Peer& slow = mesh.service("c", {"slow"});
        Peer& quick = mesh.service("c", {"quick"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        slow.reading = false;
        const std::size_t sent = send_until_held(mesh, asker, "slow");
        CHECK(sent > queue / 4 / 1'100);
        CHECK(sent < queue / 2 / 1'000);
        CHECK(mesh["c"].forwarder().holds().told_in_all() == 1);
        CHECK(mesh["b"].forwarder().holds().held("c", "slow") != nullptr);
        CHECK(mesh["a"].forwarder().holds().held("c", "slow") != nullptr);

        // Others aren't touched, whatever they send to the same machine by the same links.
        for (int i = 0; i < 200; ++i) {
            asker.send("quick", std::string(1'000, 'y'));
            mesh.run();
        }
        CHECK(quick.envelopes().size() == 200);
        CHECK(addresses(asker, Kind::hold).empty());

        // What is sent all the same waits at the first router.
        asker.send("slow", "late");
        mesh.run();
        CHECK(mesh["a"].forwarder().waiting() == 2);
        CHECK(mesh["b"].forwarder().waiting() == 1);  // for which a was told

        const Passage& passage = mesh["a"].forwarder().passage();
        CHECK(passage.late == 0);
        slow.reading = true;
        mesh.wait(milliseconds(50));
        const std::vector<Got> got = slow.envelopes();
        CHECK(got.size() == sent + 1);
        CHECK(got.back().data() == "late");
        CHECK(passage.late == 2);
        CHECK(passage.counted + passage.late == mesh["a"].forwarder().counters().done());
        CHECK(addresses(asker, Kind::resume) == Addresses{"slow"});
        CHECK(count(asker.envelopes()) == 0);
        for (const char* name : {"a", "b", "c"}) {
            CHECK(mesh[name].forwarder().holds().empty());
            CHECK(mesh[name].forwarder().holds().told_in_all() == 0);
        }
    }

    TEST_CASE("a service is told the address as it wrote it") {
        Mesh mesh;
        line(mesh, small, small);
        Peer& slow = mesh.service("c", {"slow"});
        mesh.wait(milliseconds(100));
        Peer& by_name = mesh.service("a");
        Peer& by_machine = mesh.service("a");
        slow.reading = false;
        send_until_held(mesh, by_name, "slow");
        by_machine.send("slow@c");
        by_name.send("slow@c");
        mesh.run();
        CHECK(addresses(by_machine, Kind::hold) == Addresses{"slow@c"});
        CHECK(addresses(by_name, Kind::hold) == Addresses{"slow@c"});
        slow.reading = true;
        mesh.wait(milliseconds(50));
        CHECK(addresses(by_name, Kind::resume) == Addresses{"slow", "slow@c"});
    }

    TEST_CASE("a name is held only when all its instances are") {
        Mesh mesh;
        line(mesh, small, small);
        Peer& near = mesh.service("b", {"slow"});
        Peer& far = mesh.service("c", {"slow"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        near.reading = far.reading = false;
        const std::size_t sent = send_until_held(mesh, asker, "slow");
        CHECK(sent > 2 * (queue / 4) / 1'100);  // the nearer one was filled first, then the other
        far.reading = true;
        mesh.wait(milliseconds(50));
        CHECK(addresses(asker, Kind::resume) == Addresses{"slow"});
        CHECK(count(far.envelopes()) > 0);
        asker.send("slow", "another");
        mesh.wait(milliseconds(50));
        CHECK(far.take(Kind::envelope).size() == 1);
    }

    TEST_CASE("what waits for too long is refused, and the hold ends") {
        Mesh mesh;
        line(mesh, small, small);
        Peer& slow = mesh.service("c", {"slow"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        slow.reading = false;
        send_until_held(mesh, asker, "slow");
        asker.send("slow", "in vain", 99);
        mesh.run();
        mesh.wait(seconds(29));
        CHECK(count(asker.envelopes(), "timeout") == 0);
        mesh.wait(seconds(2));
        CHECK(count(asker.envelopes(), "timeout") >= 1);
        CHECK(mesh["a"].forwarder().passage().waiting.sum() >= 29'000'000);
        CHECK(addresses(asker, Kind::resume) == Addresses{"slow"});
        CHECK(mesh["a"].forwarder().waiting() == 0);
    }

    TEST_CASE("a service that doesn't heed HOLD is read no more, until the hold ends") {
        Mesh mesh;
        line(mesh, small, small);
        Peer& slow = mesh.service("c", {"slow"});
        mesh.wait(milliseconds(100));
        Peer& deaf = mesh.service("a");
        mesh.most_read = queue / 8;
        slow.reading = false;
        for (int i = 0; i < 300; ++i) {
            deaf.send("slow", std::string(1'000, 'x'));
            mesh.run();
        }
        CHECK(mesh.unread("a") > 200'000);
        CHECK(mesh["a"].forwarder().counters().refused_in_all() == 0);
        slow.reading = true;
        for (int i = 0; i < 40; ++i) {
            mesh.wait(milliseconds(20));
        }
        CHECK(slow.envelopes().size() == 300);
        CHECK(mesh.unread("a") == 0);
        CHECK(deaf.envelopes().empty());
    }

    TEST_CASE("error envelopes and what is for a router are never held") {
        Mesh mesh;
        line(mesh, small, small);
        Peer& slow = mesh.service("c", {"slow"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        slow.reading = false;
        send_until_held(mesh, asker, "slow");
        envelope::EnvelopeFields fields;
        const envelope::ErrorFields error{
            .code = "x", .message = "y", .at = "a", .destination = {}};
        fields.destination = "slow";
        fields.error = &error;
        asker.send(fields);
        asker.post("router@c", request("status"));
        mesh.run();
        CHECK(mesh["a"].forwarder().waiting() == 1);  // what was told to hold, not these
        CHECK(asker.envelopes().size() == 1);
        CHECK(addresses(asker, Kind::hold).empty());
    }

    TEST_CASE("a hold ends when the way to its destination changes, and what waited goes there") {
        Mesh mesh;
        mesh.add("a", {"b", "d"}, [](Options& options) {
            small(options);
            options.links.back().cost = 5;
        });
        mesh.add("b", {"c"}, small);
        mesh.add("d", {"c"}, small);
        mesh.add("c", {}, small);
        mesh.wait(milliseconds(200));
        Peer& slow = mesh.service("c", {"slow"});
        mesh.wait(milliseconds(200));
        Peer& asker = mesh.service("a");
        slow.reading = false;
        send_until_held(mesh, asker, "slow");
        asker.send("slow", "kept");
        mesh.run();
        CHECK(mesh["a"].forwarder().waiting() == 2);
        mesh.kill("b");
        mesh.wait(milliseconds(300));
        CHECK(mesh["a"].forwarder().waiting() <= 2);
        slow.reading = true;
        mesh.wait(seconds(1));
        CHECK(count(asker.envelopes(), "timeout") == 0);
        const std::vector<Got> got = slow.envelopes();
        CHECK(std::any_of(got.begin(), got.end(),
                          [](const Got& one) { return one.data() == "kept"; }));
    }

    TEST_CASE("holds that stand are told again after a resume") {
        Mesh mesh;
        line(mesh, small, small);
        Peer& slow = mesh.service("c", {"slow"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        slow.reading = false;
        send_until_held(mesh, asker, "slow");
        mesh.interrupt("b", "c");
        mesh.wait(milliseconds(600));
        CHECK(mesh["b"].neighbours().to("c")->resumed == 1);
        REQUIRE(mesh["b"].forwarder().holds().held("c", "slow") != nullptr);
        CHECK_FALSE(mesh["b"].forwarder().holds().held("c", "slow")->draining);
        CHECK(addresses(asker, Kind::resume).empty());
    }

    TEST_CASE("a HOLD for what doesn't go by that link, or that is none, holds nothing") {
        Mesh mesh;
        line(mesh, small, small);
        mesh.service("c", {"slow"});
        Peer& peer = mesh.connect("a", Entry::network_listener);
        peer.hello_router("z", 1, 0, Bytes(16, 3), 0);
        mesh.wait(milliseconds(100));
        Bytes body;
        envelope::append_hold(body, "slow@c");
        peer.say(Kind::hold, body);
        peer.say(Kind::hold, Bytes{0xc0});
        peer.say(Kind::resume, body);
        mesh.run();
        CHECK(mesh["a"].forwarder().holds().empty());
        CHECK_FALSE(peer.closed());
    }
}

}  // namespace jetway::router::testing
