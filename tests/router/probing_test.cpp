// Services that stop answering PINGs are taken out, and come back.
#include "tests/router/asking.h"

namespace jetway::router::testing {

namespace {

struct Pair {
    Mesh mesh;
    Peer* service = nullptr;
    Peer* other = nullptr;

    Pair() {
        mesh.add("a", {"b"});
        mesh.add("b");
        mesh.wait(seconds(1));
        service = &mesh.service("a", {"gpu"});
        other = &mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
    }

    // Time passes; who answers does so at once. Returns the PINGs that the service at `a` got.
    std::size_t pass(base::Duration time, bool answers, bool other_answers = true) {
        std::size_t pings = 0;
        for (base::Duration t{}; t < time; t += milliseconds(50)) {
            mesh.wait(milliseconds(50));
            for (Peer* peer : {service, other}) {
                for (const Got& ping : peer->take(Kind::ping)) {
                    pings += peer == service ? 1U : 0U;
                    if (peer == service ? answers : other_answers) {
                        peer->say(Kind::pong, ping.body);
                    }
                }
            }
        }
        mesh.run();
        return pings;
    }

    std::string health(const std::string& at, const std::string& machine = "a") {
        const auto view = mesh[at].gossip().find(machine);
        REQUIRE(view);
        return std::string(envelope::health_name(view->catalog->services.at(0).health));
    }
};

}  // namespace

TEST_SUITE("router.probing") {
    TEST_CASE("a service is asked every probe_interval, and a client without names never") {
        Pair pair;
        Peer& client = pair.mesh.service("a");
        CHECK(pair.pass(seconds(51), true) == 10);
        CHECK(client.take(Kind::ping).empty());
        CHECK(pair.health("b") == "up");
    }

    TEST_CASE("three PINGs unanswered take it out, and it is back after two answers") {
        Pair pair;
        pair.pass(seconds(12), true);
        pair.pass(seconds(7), false);
        CHECK(pair.health("b") == "up");
        pair.pass(seconds(9), false);
        CHECK(pair.health("a") == "unhealthy");
        CHECK(pair.health("b") == "unhealthy");
        CHECK_FALSE(pair.service->closed());
        Peer& asker = pair.mesh.service("a");
        for (int i = 0; i < 6; ++i) {
            asker.send("gpu");
        }
        pair.mesh.wait(milliseconds(50));
        CHECK(pair.service->envelopes().empty());
        CHECK(pair.other->envelopes().size() == 6);
        asker.send("gpu@a");  // whoever names it still reaches it
        pair.mesh.wait(milliseconds(50));
        CHECK(pair.service->envelopes().size() == 1);
        pair.pass(seconds(20), true);
        CHECK(pair.health("b") == "up");
        asker.send("gpu");
        pair.mesh.wait(milliseconds(50));
        CHECK(pair.service->envelopes().size() == 1);
    }

    TEST_CASE(
        "of two instances on one machine only the one that answers is chosen, by any policy") {
        for (const std::string policy : {"nearest", "round-robin", "least-conn", "sticky source"}) {
            INFO(policy);
            Pair pair;
            Peer& second = pair.mesh.service("a", {"gpu"});
            REQUIRE_FALSE(
                ask(pair.mesh, "a", asking("policy", {{"service", "gpu"}, {"policy", policy}}))
                    .contains("code"));
            pair.pass(seconds(12), true);
            pair.pass(seconds(20), false, false);  // `other` and the first: out
            CHECK(pair.health("b", "b") == "unhealthy");
            Peer& asker = pair.mesh.service("a");
            for (int i = 0; i < 6; ++i) {
                asker.send("gpu");
            }
            pair.mesh.wait(milliseconds(50));
            CHECK(second.envelopes().size() == 6);
        }
    }

    TEST_CASE("with no instance that answers a request is refused at once") {
        Pair pair;
        pair.pass(seconds(12), true);
        pair.pass(seconds(20), false, false);
        Peer& asker = pair.mesh.service("a");
        asker.send("gpu");
        pair.mesh.wait(milliseconds(5));
        CHECK(asker.error() == "no-instance");
    }

    TEST_CASE("one that has never answered a PING is never taken out for it") {
        Pair pair;
        CHECK(pair.pass(seconds(60), false) > 5);
        CHECK(pair.health("b") == "up");
    }

    TEST_CASE("nor one that doesn't read what is queued for it") {
        Pair pair;
        pair.pass(seconds(12), true);
        pair.service->reading = false;
        Peer& asker = pair.mesh.service("a");
        asker.send("gpu@a", std::string(1000, 'x'));
        pair.pass(seconds(60), false);
        CHECK(pair.health("b") == "up");
        pair.service->reading = true;
        pair.pass(seconds(12), true);
        CHECK(pair.health("b") == "up");
    }

    TEST_CASE("what it sends shows that it lives as well as a PONG does") {
        Pair pair;
        pair.pass(seconds(12), true);
        for (int i = 0; i < 60; ++i) {
            pair.pass(seconds(1), false);
            pair.service->send("echo");
        }
        CHECK(pair.health("b") == "up");
    }

    TEST_CASE("a service that stopped answering and detaches leaves nothing behind") {
        Pair pair;
        pair.pass(seconds(12), true);
        pair.pass(seconds(20), false);
        CHECK(pair.health("b") == "unhealthy");
        pair.service->detach({"gpu"});
        CHECK(pair.pass(seconds(30), true) == 0);
        pair.service->attach({"gpu"});
        pair.pass(seconds(1), true);
        CHECK(pair.health("b") == "up");
        pair.service->hang_up();
        pair.pass(seconds(30), true);
    }
}

}  // namespace jetway::router::testing
