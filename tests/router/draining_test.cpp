// Taking services, and a whole router, out of use.
#include <nlohmann/json.hpp>

#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

Arrival root() {
    Arrival arrival{.by = Entry::local_listener, .peer_address = "peer"};
    arrival.user = SystemUser{};
    return arrival;
}

// A client of root's that has said HELLO.
Peer& operator_at(Mesh& mesh, const std::string& machine, Arrival arrival = root()) {
    Peer& peer = mesh.connect(machine, std::move(arrival));
    peer.hello();
    CHECK(peer.take(Kind::hello).size() == 1);
    return peer;
}

Bytes drain(const nlohmann::json& args) {
    Bytes data;
    nlohmann::json::to_msgpack({{"request", "drain"}, {"args", args}}, data);
    return data;
}

Got ask(Mesh& mesh, Peer& asker, std::string_view to, const nlohmann::json& args) {
    const Bytes data = drain(args);
    const Bytes id = number(3);
    envelope::EnvelopeFields fields;
    fields.destination = to;
    fields.id = id;
    fields.data = data;
    asker.send(fields);
    mesh.wait(milliseconds(1));
    const std::vector<Got> got = asker.envelopes();
    REQUIRE(got.size() == 1);
    return got[0];
}

nlohmann::json state(Mesh& mesh, Peer& asker, const std::string& service) {
    const nlohmann::json answer = ask(mesh, asker, "router", nlohmann::json::object()).json();
    for (const nlohmann::json& row : answer["services"]) {
        if (row["name"] == service) {
            return row["state"];
        }
    }
    return {};
}

std::string health(Mesh& mesh, const std::string& at, const std::string& machine,
                   const std::string& service) {
    const auto view = mesh[at].gossip().find(machine);
    if (view && view->catalog != nullptr) {
        for (const envelope::CatalogService& entry : view->catalog->services) {
            if (entry.service.name == service) {
                return std::string(envelope::health_name(entry.health));
            }
        }
    }
    return "";
}

// a and b, joined, with an instance of web on each.
struct Two {
    Two() {
        mesh.add("a", {"b"});
        mesh.add("b");
        here = &mesh.service("a", {"web"});
        there = &mesh.service("b", {"web"});
        mesh.wait(seconds(2));
        chief = &operator_at(mesh, "a");
        asker = &mesh.service("a");
    }
    Mesh mesh;
    Peer* here = nullptr;
    Peer* there = nullptr;
    Peer* chief = nullptr;
    Peer* asker = nullptr;
};

}  // namespace

TEST_SUITE("router.draining") {
    TEST_CASE("a draining service is chosen no more, and what names it is delivered") {
        Two t;
        CHECK(ask(t.mesh, *t.chief, "router", {{"service", "web"}}).error().code.empty());
        CHECK(health(t.mesh, "a", "a", "web") == "draining");
        t.mesh.wait(milliseconds(100));
        CHECK(health(t.mesh, "b", "a", "web") == "draining");
        for (int i = 0; i < 4; ++i) {
            t.asker->send("web");
        }
        t.mesh.wait(milliseconds(10));
        CHECK(t.there->envelopes().size() == 4);
        t.asker->send("web@a");
        CHECK(t.here->envelopes().size() == 1);
    }

    TEST_CASE("an instance is detached when it has been quiet, and is told so") {
        Two t;
        ask(t.mesh, *t.chief, "router", {{"service", "web"}, {"quietMs", 500}});
        t.mesh.wait(milliseconds(400));
        t.asker->send("web@a");  // in time: it may still owe an answer
        t.here->take(Kind::envelope);
        t.mesh.wait(milliseconds(400));
        CHECK(state(t.mesh, *t.chief, "web") == "draining");
        t.mesh.wait(milliseconds(300));
        CHECK(state(t.mesh, *t.chief, "web") == "drained");
        CHECK(t.here->error() == "forbidden");
        CHECK_FALSE(t.here->closed());
        t.asker->send("web@a");
        CHECK(t.asker->error() == "no-route");
        t.here->attach({"web"});  // who attaches it afterwards is in use
        CHECK(t.here->envelopes().empty());
        CHECK(health(t.mesh, "a", "a", "web") == "up");
    }

    TEST_CASE("the service's own DETACH ends its drain at once") {
        Two t;
        ask(t.mesh, *t.chief, "router", {{"service", "web"}, {"quietMs", 60'000}});
        t.here->detach({"web"});
        t.mesh.wait(milliseconds(200));
        CHECK(state(t.mesh, *t.chief, "web") == "drained");
    }

    TEST_CASE("who attaches the name while it drains is draining, too") {
        Two t;
        ask(t.mesh, *t.chief, "router", {{"service", "web"}, {"quietMs", 60'000}});
        t.here->hang_up();
        t.mesh.service("a", {"web"});
        CHECK(health(t.mesh, "a", "a", "web") == "draining");
    }

    TEST_CASE("undone, it is chosen again") {
        Two t;
        ask(t.mesh, *t.chief, "router", {{"service", "web"}});
        CHECK(ask(t.mesh, *t.chief, "router", {{"service", "web"}, {"undo", true}})
                  .error()
                  .code.empty());
        CHECK(health(t.mesh, "a", "a", "web") == "up");
        t.asker->send("web");
        CHECK(t.here->envelopes().size() == 1);
        CHECK(ask(t.mesh, *t.chief, "router", {{"service", "web"}, {"undo", true}}).error().code ==
              "no-instance");
    }

    TEST_CASE("what isn't attached can't be drained") {
        Two t;
        CHECK(ask(t.mesh, *t.chief, "router", {{"service", "db"}}).error().code == "no-instance");
    }

    TEST_CASE("a router that is drained carries nothing for others, who go another way") {
        Mesh mesh;
        mesh.add("a", {"b", "c"});
        mesh.add("b", {"c"});
        mesh.add("c");
        Peer& web = mesh.service("c", {"web"});
        mesh.add("d", {"b"}, [](Options&) {});
        mesh.add("e", {"b", "d"});  // d reaches b by itself as well as through e
        mesh.wait(seconds(2));
        Peer& chief = operator_at(mesh, "e");
        ask(mesh, chief, "router", {{"all", true}, {"quietMs", 100}});
        mesh.wait(seconds(1));
        CHECK(ask(mesh, chief, "router", nlohmann::json::object()).json()["done"] == true);
        mesh.cut("d", "b");
        mesh.wait(seconds(3));
        CHECK(mesh["d"].gossip().selected("e") != nullptr);
        CHECK(mesh["d"].gossip().selected("b") == nullptr);  // only e could, and it is drained
        ask(mesh, chief, "router", {{"all", true}, {"undo", true}});
        mesh.wait(seconds(3));
        CHECK(mesh["d"].gossip().selected("b") != nullptr);
        Peer& asker = mesh.service("d");
        asker.send("web");
        mesh.wait(milliseconds(50));
        CHECK(web.envelopes().size() == 1);
    }

    TEST_CASE("nobody drains who may not, here or at another machine") {
        Two t;
        Arrival somebody = root();
        somebody.user = SystemUser{1000, 1000, {}};
        Peer& other = operator_at(t.mesh, "a", somebody);
        const nlohmann::json web{{"service", "web"}};
        CHECK(ask(t.mesh, other, "router", web).error().code == "forbidden");
        CHECK(ask(t.mesh, other, "router", {{"all", true}}).error().code == "forbidden");
        CHECK(ask(t.mesh, other, "router@b", web).error().at == "a");     // by his own router
        CHECK(ask(t.mesh, *t.chief, "router@b", web).error().at == "b");  // which isn't told of a
        CHECK(ask(t.mesh, other, "router", nlohmann::json::object()).error().code.empty());
        CHECK(health(t.mesh, "a", "a", "web") == "up");
        CHECK(health(t.mesh, "b", "b", "web") == "up");
    }

    TEST_CASE("the drain before a shutdown detaches nobody, and is over at once where nobody is") {
        Mesh mesh;
        Router& router = mesh.add("a");
        router.drain_all(seconds(5), true, mesh.now);
        mesh.wait(milliseconds(1));
        CHECK(router.drained_all());
        Two t;
        t.mesh["a"].drain_all(milliseconds(100), true, t.mesh.now);
        CHECK_FALSE(t.mesh["a"].drained_all());
        t.mesh.wait(milliseconds(200));
        CHECK(t.mesh["a"].drained_all());
        t.asker->send("web@a");
        CHECK(t.here->envelopes().size() == 1);
    }
}

}  // namespace jetway::router::testing
