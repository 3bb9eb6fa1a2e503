// What is refused, with which code, and who is told.
#include "tests/router/mesh.h"

namespace jetway::router::testing {

TEST_SUITE("router.refusals") {
    TEST_CASE("the error of a forged source goes to the forger, wherever replyTo points") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& forger = mesh.service("a");
        forger.send(fields("gpu", "gpu@a", "gpu@a"));
        CHECK(gpu.envelopes().empty());
        CHECK(forger.error() == "forbidden-source");
    }

    TEST_CASE("an error envelope says code, at, destination and inReplyTo, from router@machine") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        asker.send("nobody@nowhere", "x", 99);
        const std::vector<Got> got = asker.envelopes();
        REQUIRE(got.size() == 1);
        const envelope::EnvelopeView view = got[0].view();
        CHECK(view.source == "router@a");
        CHECK(view.destination == asker.address());
        CHECK(Bytes(view.in_reply_to.begin(), view.in_reply_to.end()) == number(99));
        CHECK(got[0].error().code == "no-route");
        CHECK(got[0].error().at == "a");
        CHECK(got[0].error().destination == "nobody@nowhere");
        CHECK_FALSE(got[0].error().message.empty());
    }

    TEST_CASE("an error goes to replyTo where there is one") {
        Mesh mesh;
        mesh.add("a");
        Peer& desk = mesh.service("a", {"desk"});
        Peer& asker = mesh.service("a");
        asker.send(fields("nobody", {}, "desk"));
        CHECK(desk.error() == "no-route");
        CHECK(asker.envelopes().empty());
    }

    TEST_CASE("an undeliverable error envelope is counted and answered by nothing") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        const envelope::ErrorFields error{"no-route", "m", "a", "d"};
        envelope::EnvelopeFields made = fields("nobody");
        made.error = &error;
        asker.send(made);
        CHECK(asker.envelopes().empty());
        CHECK(refused(mesh, Refusal::no_route) == 1);
    }

    TEST_CASE(
        "a name that no machine lists is no-route, a known one without instance no-instance") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) {
            o.services = {{.name = "known", .capabilities = {}, .version = {}, .weight = 1}};
        });
        Peer& asker = mesh.service("a");
        const std::vector<std::pair<std::string, std::string>> table = {
            {"unknown", "no-route"},      {"unknown@a", "no-route"},    {"unknown@*", "no-route"},
            {"known", "no-instance"},     {"known@a", "no-instance"},   {"known@*", "no-instance"},
            {"client-1@a", "no-route"},   {"client-1", "no-route"},     {"known@b", "no-route"},
            {"client-x@a", "no-route"},   {"bad name", "bad-envelope"}, {"@a", "bad-envelope"},
            {"known@a@b", "bad-envelope"}};
        for (const auto& [destination, code] : table) {
            CAPTURE(destination);
            asker.send(destination);
            CHECK(asker.error() == code);
        }
    }

    TEST_CASE("an address that ends in '@' is bad-envelope, also of a service that is up") {
        Mesh mesh;
        mesh.add("a");
        Peer& gpu = mesh.service("a", {"gpu"});
        Peer& asker = mesh.service("a");
        asker.send("gpu@");
        CHECK(gpu.envelopes().empty());
        CHECK(asker.error() == "bad-envelope");
    }

    TEST_CASE("a malformed envelope is answered to the connection itself, which stays") {
        Mesh mesh;
        mesh.add("a");
        Peer& peer = mesh.service("a");
        Bytes twice;
        envelope::Packer(twice).map(2).text("destination").text("x").text("destination").text("y");
        Bytes none;
        envelope::Packer(none).map(1).text("data").text("x");
        for (const Bytes& body : {text("x"), twice, none, Bytes{0x81}}) {
            peer.say(Kind::envelope, body);
            CHECK(peer.error() == "bad-envelope");
        }
        for (const std::string_view reply_to : {"gpu@*", "no spaces", "gpu@"}) {
            CAPTURE(reply_to);
            peer.send(fields("echo", {}, reply_to));
            CHECK(peer.error() == "bad-envelope");
        }
        CHECK_FALSE(peer.closed());
    }

    TEST_CASE("errors are limited in rate a terminal, and those held back are counted") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.errors = 3; });
        Peer& asker = mesh.service("a");
        Peer& other = mesh.service("a");
        for (int i = 0; i < 10; ++i) {
            asker.send("nobody");
        }
        CHECK(asker.envelopes().size() == 3);
        CHECK(mesh["a"].forwarder().counters().errors_held == 7);
        CHECK(refused(mesh, Refusal::no_route) == 10);
        other.send("nobody");
        CHECK(other.envelopes().size() == 1);
        mesh.wait(seconds(1));
        asker.send("nobody");
        CHECK(asker.envelopes().size() == 1);
    }
}

}  // namespace jetway::router::testing
