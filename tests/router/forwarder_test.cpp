// What becomes of an envelope at one router.
#include <nlohmann/json.hpp>

#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

// A neighbour that says whatever it likes.
Peer& neighbour(Mesh& mesh, const std::string& name, std::uint32_t max_frame = 0) {
    Peer& peer = mesh.connect("a", Entry::network_listener);
    peer.hello_router(name, 1, max_frame);
    mesh.run();
    return peer;
}

Bytes announce(const std::string& machine, const std::vector<std::string>& names) {
    envelope::Announce said;
    said.machine_id = machine;
    said.incarnation = 1;
    said.full = true;
    said.routes = {{machine, 1, 0, 0}};
    envelope::Catalog catalog;
    catalog.machine_id = machine;
    catalog.incarnation = 1;
    catalog.revision = 1;
    for (std::size_t i = 0; i < names.size(); ++i) {
        catalog.services.push_back({services({names[i]})[0], i + 1, envelope::Health::up});
    }
    catalog.raw = envelope::make_catalog_raw(catalog);
    said.digest = envelope::route_digest(said.routes[0]) + envelope::catalog_digest(machine, 1, 1);
    said.catalogs = {catalog};
    Bytes body;
    envelope::append_announce(body, said);
    return body;
}

}  // namespace

TEST_SUITE("router.forwarder") {
    TEST_CASE("a missing source is filled in with the connection's address, the rest untouched") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& asker = mesh.service("a");
        asker.send("gpu", "payload", 300);
        const std::vector<Got> got = gpu.envelopes();
        REQUIRE(got.size() == 1);
        CHECK(got[0].source() == asker.address());
        CHECK(got[0].data() == "payload");
        CHECK(Bytes(got[0].view().id.begin(), got[0].view().id.end()) == number(300));
        CHECK(got[0].pin.empty());
    }

    TEST_CASE("a source that the connection attached passes, every other is forbidden-source") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& mine = mesh.service("a", {"mine"});
        for (const std::string& good : {std::string("mine@a"), mine.address()}) {
            mine.send(fields("gpu", good));
            CHECK(gpu.envelopes().size() == 1);
        }
        for (const std::string& forged :
             {std::string("gpu@a"), std::string("mine@b"), std::string("mine"), gpu.address(),
              std::string("router@a"), std::string("echo@a")}) {
            CAPTURE(forged);
            mine.send(fields("gpu", forged));
            CHECK(gpu.envelopes().empty());
            CHECK(mine.error() == "forbidden-source");
        }
    }

    TEST_CASE("a source is forbidden again once its service is detached") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& mine = mesh.service("a", {"mine"});
        mine.send(fields("gpu", "mine@a"));
        CHECK(gpu.envelopes().size() == 1);
        mine.detach({"mine"});
        mine.send(fields("gpu", "mine@a"));
        CHECK(gpu.envelopes().empty());
        CHECK(mine.error() == "forbidden-source");
    }

    TEST_CASE("local instances take turns, and each gets its share") {
        Mesh mesh;
        mesh.add("a");
        Peer* gpus[] = {&mesh.service("a", {"gpu"}), &mesh.service("a", {"gpu"}),
                        &mesh.service("a", {"gpu"})};
        Peer& asker = mesh.service("a");
        for (int i = 0; i < 9; ++i) {
            asker.send("gpu");
        }
        for (Peer* gpu : gpus) {
            CHECK(gpu->envelopes().size() == 3);
        }
    }

    TEST_CASE("the instances of a named machine take turns too") {
        Mesh mesh;
        mesh.add("a");
        Peer* gpus[] = {&mesh.service("a", {"gpu"}), &mesh.service("a", {"gpu"})};
        Peer& asker = mesh.service("a");
        for (int i = 0; i < 6; ++i) {
            asker.send("gpu@a");
        }
        for (Peer* gpu : gpus) {
            CHECK(gpu->envelopes().size() == 3);
        }
    }

    TEST_CASE("a client address reaches that connection and no other instance of its service") {
        Mesh mesh;
        mesh.add("a");
        Peer& first = mesh.service("a", {"gpu"});
        Peer& second = mesh.service("a", {"gpu"});
        Peer& asker = mesh.service("a");
        for (int i = 0; i < 4; ++i) {
            asker.send(second.address());
        }
        CHECK(first.envelopes().empty());
        CHECK(second.envelopes().size() == 4);
        second.hang_up();
        asker.send(second.address());
        CHECK(asker.error() == "no-route");
    }

    TEST_CASE("echo answers with id as inReplyTo and the same data, to source or replyTo") {
        Mesh mesh;
        mesh.add("a");
        Peer& desk = mesh.service("a", {"desk"});
        Peer& asker = mesh.service("a");
        for (const std::string_view to : {"echo", "echo@a"}) {
            asker.send(to, "ball", 5);
            const std::vector<Got> got = asker.envelopes();
            REQUIRE(got.size() == 1);
            CHECK(got[0].source() == "echo@a");
            CHECK(got[0].data() == "ball");
            const envelope::EnvelopeView view = got[0].view();
            CHECK(Bytes(view.in_reply_to.begin(), view.in_reply_to.end()) == number(5));
        }
        asker.send(fields("echo", {}, "desk"));
        CHECK(desk.envelopes().size() == 1);
        CHECK(asker.envelopes().empty());
    }

    TEST_CASE("echo and router never answer an answer, an error, each other or themselves") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        const Bytes id = number(1);
        const envelope::ErrorFields error{"no-route", "m", "a", "d"};
        for (const std::string_view reflector : {"echo@a", "router@a"}) {
            envelope::EnvelopeFields answer = fields(reflector);
            answer.in_reply_to = id;
            asker.send(answer);
            envelope::EnvelopeFields failure = fields(reflector);
            failure.error = &error;
            asker.send(failure);
            for (const std::string_view to : {"echo", "echo@a", "router@a", "router", "echo@b"}) {
                asker.send(fields(reflector, {}, to));
            }
        }
        CHECK(asker.envelopes().empty());
        const Counters& counters = mesh["a"].forwarder().counters();
        CHECK(counters.originated == 0);
        CHECK(counters.delivered == 14);
    }

    TEST_CASE("from a service pin and flags are cleared, and hops 0 means the default") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.hop_limit = 9; });
        Peer& b = neighbour(mesh, "b");
        b.say(Kind::announce, announce("b", {"gpu"}));
        Peer& asker = mesh.service("a");
        asker.send(fields("gpu@b"), 0xff & ~flag::trace, 0, "elsewhere");
        asker.send(fields("gpu"), 0, 5);
        asker.send(fields("gpu@*"));
        const std::vector<Got> got = b.envelopes();
        REQUIRE(got.size() == 3);
        CHECK(got[0].pin == "b");
        CHECK(got[0].flags == 0);
        CHECK(got[0].hops == 8);
        CHECK(got[1].flags == flag::reroutable);
        CHECK(got[1].hops == 4);
        CHECK(got[2].flags == 0);
    }

    TEST_CASE("a frame that would leave with no hops is refused as hop-limit") {
        Mesh mesh;
        mesh.add("a");
        Peer& b = neighbour(mesh, "b");
        b.say(Kind::announce, announce("b", {"gpu"}));
        Peer& asker = mesh.service("a");
        asker.send(fields("gpu@b"), 0, 1);
        CHECK(asker.error() == "hop-limit");
        CHECK(b.envelopes().empty());
    }

    TEST_CASE("hops 0 from a router is delivered here") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& b = neighbour(mesh, "b");
        b.send(fields("gpu@a", "x@b"), 0, 0, "a");
        CHECK(gpu.envelopes().size() == 1);
    }

    TEST_CASE(
        "what is malformed from a router is counted, answered by nothing, and closes nothing") {
        Mesh mesh;
        mesh.add("a");
        Peer& b = neighbour(mesh, "b");
        b.say(Kind::envelope, text("x"), 0, 9, "a");
        b.say(Kind::envelope, text("x"), 0, 9, "nowhere");
        b.send(fields("gpu@a", "x@b"), 0, 9);  // no pin
        CHECK(b.envelopes().empty());
        CHECK_FALSE(b.closed());
        CHECK(refused(mesh, Refusal::bad_envelope) == 3);
    }

    TEST_CASE("what is malformed and passes through goes on as it is, and is counted once") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.terminal.queue = 1'000; });
        Peer& b = neighbour(mesh, "b");
        Peer& c = neighbour(mesh, "c");
        c.say(Kind::announce, announce("c", {"gpu"}));
        mesh.run();
        b.say(Kind::envelope, text("x"), flag::trace, 9, "c");
        CHECK(c.envelopes().size() == 1);
        c.reading = false;
        for (int i = 0; i < 2; ++i) {  // past the high mark: its sender would be told to hold
            b.say(Kind::envelope, text(std::string(400, 'x')), 0, 9, "c");
            mesh.run();
        }
        c.reading = true;
        mesh.run();
        CHECK(c.envelopes().size() == 2);
        CHECK(b.envelopes().empty());
        CHECK(refused(mesh, Refusal::bad_envelope) == 0);
    }

    TEST_CASE("a frame longer than the next router takes is refused as too-large") {
        Mesh mesh;
        mesh.add("a");
        Peer& b = neighbour(mesh, "b", 1000);
        b.say(Kind::announce, announce("b", {"gpu"}));
        Peer& asker = mesh.service("a");
        asker.send("gpu@b", std::string(1000, 'x'));
        CHECK(asker.error() == "too-large");
        asker.send("gpu@b", std::string(800, 'x'));
        CHECK(b.envelopes().size() == 1);
        CHECK(asker.envelopes().empty());
    }

    TEST_CASE("a full queue refuses as overloaded, and never grows beyond its bound") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.terminal.queue = 10'000; });
        Peer& slow = mesh.service("a", {"slow"});
        Peer& asker = mesh.service("a");
        slow.reading = false;
        for (int i = 0; i < 20; ++i) {
            asker.send("slow", std::string(900, 'x'));
        }
        const std::vector<Got> errors = asker.envelopes();
        CHECK(errors.size() == 10);
        for (const Got& got : errors) {
            CHECK(got.error().code == "overloaded");
        }
        mesh["a"].connections().for_each(
            [](const Connection& c) { CHECK(c.terminal.output().size() <= 10'000); });
        slow.reading = true;
        CHECK(slow.envelopes().size() == 10);
    }

    TEST_CASE("a service that is gone is no longer delivered to") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& asker = mesh.service("a");
        gpu.detach({"gpu"});
        asker.send("gpu");
        mesh.run();
        CHECK(gpu.envelopes().empty());
        CHECK(asker.error() == "no-route");
        gpu.attach({"gpu"});
        asker.send("gpu");
        CHECK(gpu.envelopes().size() == 1);
        gpu.hang_up();
        asker.send("gpu");
        CHECK(asker.error() == "no-route");
    }

    TEST_CASE("TRACE reports to replyTo, and the frame is delivered as usual") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& asker = mesh.service("a");
        asker.send(fields("gpu", {}, asker.address()), flag::trace);
        CHECK(gpu.envelopes().size() == 1);
        const std::vector<Got> got = asker.envelopes();
        REQUIRE(got.size() == 1);
        const nlohmann::json report = got[0].json();
        CHECK(report["machineId"] == "a");
        CHECK(report["reason"] == "delivered");
        for (const char* key : {"from", "to", "hopsLeft", "microseconds"}) {
            CHECK(report.contains(key));
        }
    }
}

}  // namespace jetway::router::testing
