// Instances that are registered, and who may register them.
#include "tests/router/enrolled.h"

namespace jetway::router::testing {

namespace {

using Json = nlohmann::json;

// The entries of a service in the catalogs that one router holds.
std::vector<envelope::CatalogService> entries(Mesh& mesh, const std::string& at,
                                              const std::string& service = "web") {
    std::vector<envelope::CatalogService> found;
    for (const auto& view : mesh[at].gossip().machines()) {
        if (view.catalog != nullptr) {
            for (const envelope::CatalogService& entry : view.catalog->services) {
                if (entry.service.name == service) {
                    found.push_back(entry);
                }
            }
        }
    }
    return found;
}

std::string health(Mesh& mesh, const std::string& at, const std::string& address) {
    for (const envelope::CatalogService& entry : entries(mesh, at)) {
        if (entry.ninep == address) {
            return std::string(envelope::health_name(entry.health));
        }
    }
    return "none";
}

}  // namespace

TEST_SUITE("router.registering") {
    TEST_CASE("what is registered at one router is in every router's catalog, until it is not") {
        Mesh mesh;
        line(mesh);
        ControlRequest request = asking(
            "register",
            {{"service", "web"}, {"address", "tcp://10.0.0.2:564/srv/web/"}, {"version", "v2"}});
        request.numbers["weight"] = 3;
        const Json answer = ask(mesh, "a", request);
        CHECK(answer["schema"] == "jetway.registration/1");
        CHECK(answer["address"] == web_1);
        CHECK(answer["registered"] == true);
        enrol(mesh, "a", web_2);
        const auto seen = entries(mesh, "c");
        REQUIRE(seen.size() == 2);
        CHECK(seen[0].ninep == web_1);
        CHECK(seen[0].health == envelope::Health::up);
        CHECK(seen[0].service.weight == 3);
        CHECK(seen[0].service.version == "v2");
        CHECK(seen[0].instance > 0);
        CHECK(seen[1].ninep == web_2);
        CHECK(seen[1].instance != seen[0].instance);
        const Json gone =
            ask(mesh, "a", asking("deregister", {{"service", "web"}, {"address", web_1}}));
        CHECK(gone["registered"] == false);
        CHECK(entries(mesh, "c").size() == 1);
        mesh.kill("a");
        mesh.wait(seconds(3));
        CHECK(entries(mesh, "c").empty());
    }

    TEST_CASE("registering the same again replaces its metadata and keeps its number") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        const std::uint64_t number = entries(mesh, "c").at(0).instance;
        ControlRequest again =
            asking("register", {{"service", "web"}, {"address", web_1}, {"version", "v3"}});
        again.numbers["weight"] = 9;
        ask(mesh, "a", again);
        const auto seen = entries(mesh, "c");
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].instance == number);
        CHECK(seen[0].service.weight == 9);
        CHECK(seen[0].service.version == "v3");
    }

    TEST_CASE("what can't be registered is refused in words, and changes nothing") {
        Mesh mesh;
        line(mesh, [](Options& options) { options.terminal.services = 2; });
        const auto refusal = [&](const std::string& service, const std::string& address) {
            return ask(mesh, "a", asking("register", {{"service", service}, {"address", address}}));
        };
        for (const std::string name : {"route", "router", "echo", "client-1"}) {
            CHECK(refusal(name, web_1)["code"] == "forbidden");
            CHECK(refusal(name, web_1)["detail"].get<std::string>().find("reserved") !=
                  std::string::npos);
        }
        CHECK(refusal("", web_1)["code"] == "bad-envelope");
        CHECK(refusal("a b", web_1)["code"] == "bad-envelope");
        CHECK(refusal("web", "")["code"] == "bad-envelope");
        CHECK(refusal("web", "10.0.0.2")["detail"].get<std::string>().find("port") !=
              std::string::npos);
        ControlRequest heavy = asking("register", {{"service", "web"}, {"address", web_1}});
        heavy.numbers["weight"] = 65'536;
        CHECK(ask(mesh, "a", heavy)["code"] == "bad-envelope");
        heavy.numbers["weight"] = 0;
        CHECK(ask(mesh, "a", heavy)["code"] == "bad-envelope");
        CHECK(entries(mesh, "c").empty());
        enrol(mesh, "a", web_1);
        enrol(mesh, "a", web_2);
        CHECK(enrol(mesh, "a", "10.0.0.4:564")["code"] == "overloaded");
        CHECK(enrol(mesh, "a", web_2)["registered"] == true);
        CHECK(entries(mesh, "c").size() == 2);
    }

    TEST_CASE("what isn't registered here can be neither deregistered nor judged") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        for (const std::string name : {"deregister", "health"}) {
            const Json answer =
                ask(mesh, "b", asking(name, {{"service", "web"}, {"address", web_1}}));
            CHECK(answer["code"] == "no-instance");
        }
        CHECK(ask(mesh, "a",
                  asking("health",
                         {{"service", "web"}, {"address", web_1}, {"health", "fine"}}))["code"] ==
              "bad-envelope");
    }

    TEST_CASE("only who may change the router may register, set health or a policy") {
        Mesh mesh;
        line(mesh);
        Arrival somebody = root();
        somebody.user->uid = 1000;
        somebody.user->gid = 1000;
        Arrival by_tcp{.by = Entry::local_listener, .peer_address = "127.0.0.1:5"};
        Arrival itself = by_tcp;
        itself.in_process = true;
        enrol(mesh, "a", web_2);
        const std::vector<ControlRequest> changes = {
            asking("register", {{"service", "web"}, {"address", web_1}}),
            asking("deregister", {{"service", "web"}, {"address", web_2}}),
            asking("health", {{"service", "web"}, {"address", web_2}, {"health", "unhealthy"}}),
            asking("policy", {{"service", "web"}, {"policy", "random"}}),
            asking("undrain", {{"service", "web"}}),
        };
        for (const Arrival& who : {somebody, by_tcp}) {
            for (const ControlRequest& change : changes) {
                INFO(change.name);
                CHECK(ask(mesh, "a", change, who)["code"] == "forbidden");
            }
            CHECK(ask(mesh, "a", asking("policy", {}), who)["schema"] == "jetway.policy/1");
            CHECK(ask(mesh, "a", asking("services", {}), who)["schema"] == "jetway.services/1");
        }
        CHECK(entries(mesh, "c").size() == 1);
        CHECK(health(mesh, "c", web_2) == "up");
        CHECK(ask(mesh, "a", changes[0], itself)["registered"] == true);
        CHECK(ask(mesh, "a", asking("ping", {}))["code"] == "bad-envelope");
    }

    TEST_CASE("a service may be registered only at a machine that the deployment gives it") {
        Mesh mesh;
        line(mesh, [](Options& options) {
            options.strict_services = std::make_shared<const gossip::ServiceLists>(
                gossip::ServiceLists{{"a", {"other"}}});
        });
        CHECK(enrol(mesh, "a", web_1)["code"] == "forbidden");
        CHECK(ask(mesh, "a",
                  asking("register", {{"service", "other"}, {"address", web_1}}))["registered"] ==
              true);
    }

    TEST_CASE("probes and an operator say whether an instance is well, and up clears both") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        const auto probe = [&](envelope::Health verdict) {
            mesh[std::string("a")].set_instance_health("web", web_1, verdict, mesh.now);
            mesh["a"].end_turn(mesh.now);
            mesh.wait(milliseconds(50));
        };
        const auto say = [&](const std::string& word) {
            ask(mesh, "a",
                asking("health", {{"service", "web"}, {"address", web_1}, {"health", word}}));
        };
        probe(envelope::Health::unhealthy);
        CHECK(health(mesh, "c", web_1) == "unhealthy");
        probe(envelope::Health::up);
        CHECK(health(mesh, "c", web_1) == "up");
        say("unhealthy");
        CHECK(health(mesh, "c", web_1) == "unhealthy");
        probe(envelope::Health::up);
        CHECK(health(mesh, "c", web_1) == "unhealthy");
        say("up");
        CHECK(health(mesh, "c", web_1) == "up");
        probe(envelope::Health::unhealthy);
        say("up");
        CHECK(health(mesh, "c", web_1) == "up");
        mesh["a"].set_instance_health("web", "10.9.9.9:1", envelope::Health::unhealthy, mesh.now);
        mesh["a"].set_instance_health("other", web_1, envelope::Health::unhealthy, mesh.now);
        CHECK(health(mesh, "a", web_1) == "up");
    }

    TEST_CASE("a drained instance stays listed as draining until that is undone") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        ask(mesh, "a", asking("drain", {{"service", "web"}}));
        CHECK(health(mesh, "c", web_1) == "draining");
        mesh.wait(seconds(5));
        CHECK(health(mesh, "c", web_1) == "draining");
        CHECK_FALSE(ask(mesh, "a", asking("undrain", {{"service", "web"}})).contains("code"));
        CHECK(health(mesh, "c", web_1) == "up");
        CHECK(ask(mesh, "a", asking("undrain", {{"service", "web"}}))["code"] == "no-instance");
        CHECK(ask(mesh, "a", asking("undrain", {}))["code"] == "bad-envelope");
        ask(mesh, "a", asking("drain", {{"service", "web"}}));
        mesh.wait(seconds(5));
        enrol(mesh, "a", web_1);
        CHECK(health(mesh, "c", web_1) == "up");
    }

    TEST_CASE("all of a router's instances drain with it") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        ControlRequest all = asking("drain", {});
        all.flags["all"] = true;
        ask(mesh, "a", all);
        enrol(mesh, "a", web_2);
        CHECK(health(mesh, "c", web_1) == "draining");
        CHECK(health(mesh, "c", web_2) == "draining");
        all.name = "undrain";
        ask(mesh, "a", all);
        CHECK(health(mesh, "c", web_1) == "up");
        CHECK(health(mesh, "c", web_2) == "up");
    }

    TEST_CASE("an envelope for 9P servers is refused as no-instance, with the way there") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        for (const std::string at : {"a", "c"}) {
            for (const std::string to : {"web", "web@a", "web@*"}) {
                INFO(to, " from ", at);
                Peer& asker = mesh.service(at);
                asker.send(to);
                mesh.wait(milliseconds(50));
                const std::vector<Got> got = asker.envelopes();
                REQUIRE(got.size() == 1);
                CHECK(got[0].error().code == "no-instance");
                CHECK(got[0].error().message.find("9P") != std::string::npos);
            }
        }
        Peer& server = mesh.service("b", {"web"});
        Peer& asker = mesh.service("c");
        mesh.wait(milliseconds(50));
        for (int i = 0; i < 4; ++i) {
            asker.send("web");
        }
        mesh.wait(milliseconds(50));
        CHECK(server.envelopes().size() == 4);
    }

    TEST_CASE("the deployment's 9P instances are there from the start, and follow a reload") {
        const auto with = [](const std::vector<std::string>& addresses, std::uint32_t weight) {
            ConfiguredService service{.name = "web", .capabilities = {}, .version = {}};
            service.weight = weight;
            for (const std::string& address : addresses) {
                service.ninep.push_back(*envelope::parse_ninep_address(address));
            }
            return service;
        };
        Mesh mesh;
        line(mesh, [&](Options& options) { options.services = {with({web_1}, 1)}; });
        REQUIRE(entries(mesh, "c").size() == 1);
        CHECK(health(mesh, "c", web_1) == "up");
        const std::uint64_t number = entries(mesh, "c")[0].instance;
        enrol(mesh, "a", "10.0.0.9:564");
        const auto reload = [&](const ConfiguredService& service) {
            Options options = mesh["a"].options();
            options.services = {service};
            mesh["a"].reconfigure(options, mesh.now);
            mesh["a"].end_turn(mesh.now);
            mesh.wait(milliseconds(50));
        };
        reload(with({web_1, web_2}, 4));
        const auto seen = entries(mesh, "c");
        REQUIRE(seen.size() == 3);
        CHECK(seen[0].instance == number);
        CHECK(seen[0].service.weight == 4);
        CHECK(health(mesh, "c", web_2) == "up");
        reload(with({web_2}, 4));
        CHECK(health(mesh, "c", web_1) == "none");
        CHECK(health(mesh, "c", "10.0.0.9:564") == "up");
        ask(mesh, "a", asking("deregister", {{"service", "web"}, {"address", web_2}}));
        reload(with({web_2}, 4));
        CHECK(health(mesh, "c", web_2) == "none");
    }

    TEST_CASE("registrations are remembered in the history") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        ControlRequest request = asking("history", {{"of", "web"}});
        CHECK(ask(mesh, "a", request).dump().find("\"registration\"") != std::string::npos);
    }

    TEST_CASE("the requests change another machine's router only as drain may") {
        Mesh mesh;
        line(mesh);
        Peer& asker = operator_at(mesh, "b");
        const Bytes asked = request("register", {{"service", "web"}, {"address", web_1}});
        asker.post("router@a", asked);
        CHECK(asker.error() == "forbidden");
        CHECK(entries(mesh, "c").empty());
        CHECK(asker.ask("router", asked).json()["registered"] == true);
        CHECK(entries(mesh, "c").size() == 1);
    }
}

}  // namespace jetway::router::testing
