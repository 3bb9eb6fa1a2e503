// How a connection begins, and every way in which it is refused.
#include "envelope/announce.h"
#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

Bytes hello_body(const std::function<void(envelope::Hello&)>& change) {
    envelope::Hello hello;
    hello.protocol = {1};
    change(hello);
    Bytes body;
    envelope::append_hello(body, hello);
    return body;
}

// What a fresh connection is told that says this first.
std::string refusal(const Bytes& body, Entry by = Entry::local_listener, Kind kind = Kind::hello) {
    Mesh mesh;
    mesh.add("a");
    Peer& peer = mesh.connect("a", by);
    peer.say(kind, body);
    const std::string code = peer.goodbye();
    CHECK(peer.closed() == !code.empty());
    CHECK(mesh["a"].connections().size() == (code.empty() ? 1 : 0));
    return code;
}

}  // namespace

TEST_SUITE("router.hello") {
    TEST_CASE("the router answers a service's HELLO with its name, the address and its limits") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.incarnation = 42; });
        Peer& peer = mesh.connect("a");
        CHECK(peer.take(Kind::hello).empty());  // the dialler speaks first
        peer.hello({"gpu"});
        const std::vector<Got> answer = peer.take(Kind::hello);
        REQUIRE(answer.size() == 1);
        const auto hello = envelope::read_hello(answer[0].body, 1);
        REQUIRE(hello);
        CHECK(hello->role == envelope::Role::router);
        CHECK(hello->machine_id == "a");
        CHECK(hello->incarnation == 42);
        CHECK(hello->max_frame == 16U << 20U);
        CHECK(hello->address.starts_with("client-"));
        CHECK(hello->address.ends_with("@a"));
    }

    TEST_CASE(
        "a neighbour whose announcements bear another name than its HELLO is let go, not at once") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.connect("a", Entry::network_listener);
        peer.hello_router("m11");
        const auto announce = [&peer](const std::string& machine) {
            envelope::Announce said;
            said.machine_id = machine;
            said.full = true;
            said.routes.push_back({.machine_id = machine, .sequence = 1, .cost = 0, .hops = 0});
            Bytes body;
            envelope::append_announce(body, said);
            peer.say(Kind::announce, body);
            return peer.goodbye();
        };
        CHECK(announce("m19") == "");
        CHECK(announce("m19") == "");
        CHECK(announce("m11") == "");  // in a row they must be
        CHECK(announce("m19") == "");
        CHECK(announce("m19") == "");
        CHECK(announce("m19") == "bad-hello");
        CHECK(peer.closed());
    }

    TEST_CASE("two connections never have the same address, not even one after the other") {
        Mesh mesh;
        mesh.add("a");
        Peer& first = mesh.service("a");
        const std::string before = first.address();
        first.hang_up();
        mesh.run();
        CHECK(mesh.service("a").address() != before);
    }

    TEST_CASE("a version that it doesn't speak is refused as `version`, one among others is not") {
        CHECK(refusal(hello_body([](auto& h) { h.protocol = {2}; })) == "version");
        CHECK(refusal(hello_body([](auto& h) { h.protocol = {2, 1}; })).empty());
    }

    TEST_CASE("a HELLO of wrong types or with a reserved name is refused as `bad-hello`") {
        CHECK(refusal(text("hello")) == "bad-hello");
        for (const char* name : {"router", "echo", "client-7", "no spaces", ""}) {
            CAPTURE(name);
            CHECK(refusal(hello_body([&](auto& h) { h.services = services({name}); })) ==
                  "bad-hello");
        }
    }

    TEST_CASE("anything before HELLO is refused as `bad-frame`") {
        for (const Kind kind : {Kind::envelope, Kind::ping, Kind::attach, Kind::announce}) {
            CHECK(refusal(text("x"), Entry::local_listener, kind) == "bad-frame");
        }
    }

    TEST_CASE("GOODBYE before HELLO closes without an answer") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.connect("a");
        Bytes body;
        envelope::append_goodbye(body, {.code = "shutdown", .message = ""});
        peer.say(Kind::goodbye, body);
        CHECK(peer.goodbye().empty());
        CHECK(peer.closed());
    }

    TEST_CASE("a second HELLO is refused as `bad-frame`") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.service("a");
        peer.hello();
        CHECK(peer.goodbye() == "bad-frame");
    }

    TEST_CASE("a broken header is `bad-frame`, one too long is `too-large` from the header alone") {
        Mesh mesh;
        mesh.add("a");
        Peer& broken = mesh.service("a");
        broken.raw({0, 0, 0, 3, 2, 0, 0, 0});
        CHECK(broken.goodbye() == "bad-frame");
        Peer& bodiless = mesh.service("a");
        bodiless.raw({0, 0, 0, 4, 2, 0, 0, 0});
        CHECK(bodiless.goodbye() == "bad-frame");
        Peer& large = mesh.service("a");
        large.raw({1, 0, 0, 1});
        CHECK(large.goodbye() == "too-large");
    }

    TEST_CASE("no HELLO within hello_timeout is `hello-timeout`, and not a moment sooner") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.connect("a");
        mesh.wait(milliseconds(4999));
        CHECK(peer.goodbye().empty());
        mesh.wait(milliseconds(1));
        CHECK(peer.goodbye() == "hello-timeout");
    }

    TEST_CASE("a router at a local terminal and a service at a network one are `forbidden`") {
        const auto router = [](auto& h) {
            h.role = envelope::Role::router;
            h.machine_id = "b";
            h.incarnation = 1;
        };
        CHECK(refusal(hello_body(router), Entry::local_listener) == "forbidden");
        CHECK(refusal(hello_body([](auto&) {}), Entry::network_listener) == "forbidden");
        CHECK(refusal(hello_body(router), Entry::network_listener).empty());
    }

    TEST_CASE("inside TLS a router is the machine that its certificate names, and no other") {
        struct Case {
            bool encrypted;
            std::vector<std::string> certified;
            std::string code;
            std::string why;
        };
        const Case cases[] = {
            {true, {"b"}, "", ""},
            {true, {"host.example", "b"}, "", ""},
            {true, {"c"}, "forbidden", "its certificate is for c, but it says that it is b"},
            {true, {"B"}, "forbidden", "its certificate is for B, but it says that it is b"},
            {true, {}, "forbidden", "it says that it is b, and has shown no certificate"},
            {false, {}, "", ""}};
        for (const Case& c : cases) {
            CAPTURE(c.why);
            Mesh mesh;
            mesh.add("a");
            Peer& peer = mesh.connect("a", Arrival{.by = Entry::network_listener,
                                                   .peer_address = "peer",
                                                   .encrypted = c.encrypted,
                                                   .certified = c.certified});
            peer.say(Kind::hello, hello_body([](auto& h) {
                         h.role = envelope::Role::router;
                         h.machine_id = "b";
                         h.incarnation = 1;
                     }));
            CHECK(peer.goodbye() == c.code);
            bool said = c.why.empty();
            for (const base::Report& report : mesh.reports("a")) {
                said = said || (report.event == "neighbour refused" &&
                                report.fields.back().second == c.why);
            }
            CHECK(said);
        }
    }

    TEST_CASE("a router of our own machineId is refused as `duplicate-machine`") {
        CHECK(refusal(hello_body([](auto& h) {
                          h.role = envelope::Role::router;
                          h.machine_id = "a";
                          h.incarnation = 1;
                      }),
                      Entry::network_listener) == "duplicate-machine");
    }

    TEST_CASE("a refused connection is reported once") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.connect("a", Entry::network_listener);
        peer.hello();
        CHECK(peer.goodbye() == "forbidden");
        std::size_t reports = 0;
        for (const base::Report& report : mesh.reports("a")) {
            reports += report.event == "connection refused" ? 1U : 0U;
        }
        CHECK(reports == 1);
    }

    TEST_CASE("at most limits.terminals connections are open, and a closed one makes room") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.terminals = 1; });
        Peer& first = mesh.service("a");
        CHECK(mesh.connect("a").closed());
        first.hang_up();
        mesh.run();
        CHECK_FALSE(mesh.connect("a").closed());
    }

    TEST_CASE("a connection may attach limits.services names and no more") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.terminal.services = 2; });
        Peer& three = mesh.connect("a");
        three.hello({"x", "y", "z"});
        CHECK(three.goodbye() == "bad-hello");
        Peer& two = mesh.service("a", {"x", "y"});
        two.attach({"z"});
        CHECK(two.error() == "forbidden");
    }

    TEST_CASE("a connection with all its names may still replace the metadata of one") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.terminal.services = 2; });
        Peer& peer = mesh.service("a", {"x", "y"});
        peer.attach({"x"});
        CHECK(peer.envelopes().empty());
    }

    TEST_CASE("a refused ATTACH or DETACH is answered `forbidden`, and the connection stays") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.service("a");
        peer.attach({"router"});
        CHECK(peer.error() == "forbidden");
        peer.say(Kind::detach, text("x"));
        CHECK(peer.error() == "forbidden");
        CHECK_FALSE(peer.closed());
    }

    TEST_CASE("PING is answered with its value, and an unknown kind is skipped") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.service("a");
        peer.say(static_cast<Kind>(99), text("x"));
        peer.say(Kind::announce, text("x"));
        peer.say(Kind::ack, text("x"));
        peer.say(Kind::ping, text("value"));
        const std::vector<Got> pongs = peer.take(Kind::pong);
        REQUIRE(pongs.size() == 1);
        CHECK(pongs[0].body == text("value"));
        CHECK_FALSE(peer.closed());
    }

    TEST_CASE("after shutdown has begun a HELLO is answered `shutdown`") {
        Mesh mesh;
        mesh.add("a");
        mesh["a"].begin_shutdown(mesh.now);
        Peer& peer = mesh.connect("a");
        peer.hello();
        CHECK(peer.goodbye() == "shutdown");
    }
}

}  // namespace jetway::router::testing
