// Taking services, and a whole router, out of use.
#include "tests/router/asking.h"

namespace jetway::router::testing {

namespace {

Got drain(Peer& asker, const nlohmann::json& args = nlohmann::json::object(),
          std::string_view router = "router") {
    return asker.ask(router, request("drain", args));
}

nlohmann::json state(Peer& asker, const std::string& service) {
    const nlohmann::json services = drain(asker).json()["services"];
    return row(services, "name", service)["state"];
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
        CHECK(drain(*t.chief, {{"service", "web"}}).error().code.empty());
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
        drain(*t.chief, {{"service", "web"}, {"quietMs", 500}});
        t.mesh.wait(milliseconds(400));
        t.asker->send("web@a");  // in time: it may still owe an answer
        t.here->take(Kind::envelope);
        t.mesh.wait(milliseconds(400));
        CHECK(state(*t.chief, "web") == "draining");
        t.mesh.wait(milliseconds(300));
        CHECK(state(*t.chief, "web") == "drained");
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
        drain(*t.chief, {{"service", "web"}, {"quietMs", 60'000}});
        t.here->detach({"web"});
        t.mesh.wait(milliseconds(200));
        CHECK(state(*t.chief, "web") == "drained");
    }

    TEST_CASE("who attaches the name while it drains is draining, too") {
        Two t;
        drain(*t.chief, {{"service", "web"}, {"quietMs", 60'000}});
        t.here->hang_up();
        t.mesh.service("a", {"web"});
        CHECK(health(t.mesh, "a", "a", "web") == "draining");
    }

    TEST_CASE("undone, it is chosen again") {
        Two t;
        drain(*t.chief, {{"service", "web"}});
        CHECK(drain(*t.chief, {{"service", "web"}, {"undo", true}}).error().code.empty());
        CHECK(health(t.mesh, "a", "a", "web") == "up");
        t.asker->send("web");
        CHECK(t.here->envelopes().size() == 1);
        CHECK(drain(*t.chief, {{"service", "web"}, {"undo", true}}).error().code == "no-instance");
    }

    TEST_CASE("what isn't attached can't be drained") {
        Two t;
        CHECK(drain(*t.chief, {{"service", "db"}}).error().code == "no-instance");
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
        drain(chief, {{"all", true}, {"quietMs", 100}});
        mesh.wait(seconds(1));
        CHECK(drain(chief).json()["done"] == true);
        mesh.cut("d", "b");
        mesh.wait(seconds(3));
        CHECK(mesh["d"].gossip().selected("e") != nullptr);
        CHECK(mesh["d"].gossip().selected("b") == nullptr);  // only e could, and it is drained
        drain(chief, {{"all", true}, {"undo", true}});
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
        CHECK(drain(other, web).error().code == "forbidden");
        CHECK(drain(other, {{"all", true}}).error().code == "forbidden");
        CHECK(drain(other, web, "router@b").error().at == "a");     // by his own router
        CHECK(drain(*t.chief, web, "router@b").error().at == "b");  // which isn't told of a
        CHECK(drain(other).error().code.empty());
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
