// Services' policies: who sets them, and whose word holds.
#include "tests/router/enrolled.h"

namespace jetway::router::testing {

namespace {

using Json = nlohmann::json;

}  // namespace

TEST_SUITE("router.policies") {
    TEST_CASE("a policy that is set at one router holds at every router") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(50));
        CHECK(mesh["c"].policy_of("web").text() == "round-robin");
        CHECK(mesh["c"].policy_of("gpu").text() == "nearest");
        CHECK(mesh["c"].policy_of("nobody").text() == "nearest");
        const Json answer = ask(
            mesh, "c", asking("policy", {{"service", "web"}, {"policy", "sticky  header:user"}}));
        REQUIRE(answer["services"].size() == 1);
        CHECK(answer["services"][0] == Json{{"name", "web"},
                                            {"policy", "sticky header:user"},
                                            {"setAt", "c"},
                                            {"revision", 1}});
        for (const std::string at : {"a", "b", "c"}) {
            CHECK(mesh[at].policy_of("web").text() == "sticky header:user");
            CHECK(mesh[at].policy_of("gpu").text() == "nearest");
        }
        ask(mesh, "a", asking("policy", {{"service", "web"}, {"policy", "random"}}));
        for (const std::string at : {"a", "b", "c"}) {
            CHECK(mesh[at].policy_of("web").text() == "random");
        }
        CHECK(ask(mesh, "b", asking("policy", {}))["services"].size() == 2);
    }

    TEST_CASE("what was said before is forgotten, and the default holds when its router dies") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        ask(mesh, "a", asking("policy", {{"service", "web"}, {"policy", "random"}}));
        ask(mesh, "c", asking("policy", {{"service", "web"}, {"policy", "weighted"}}));
        CHECK(mesh["a"].policy_of("web").text() == "weighted");
        mesh.kill("c");
        mesh.wait(seconds(3));
        CHECK(mesh["a"].policy_of("web").text() == "round-robin");
        CHECK(mesh["b"].policy_of("web").text() == "round-robin");
    }

    TEST_CASE("two that set a policy at once end with that of the smaller name") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "b", web_1);
        mesh.cut("a", "b");
        mesh.wait(seconds(3));
        enrol(mesh, "a", web_2);
        ask(mesh, "a", asking("policy", {{"service", "web"}, {"policy", "random"}}));
        ask(mesh, "b", asking("policy", {{"service", "web"}, {"policy", "weighted"}}));
        CHECK(mesh["a"].policy_of("web").text() == "random");
        CHECK(mesh["c"].policy_of("web").text() == "weighted");
        mesh.mend("a", "b");
        mesh.wait(seconds(10));
        for (const std::string at : {"a", "b", "c"}) {
            CHECK(mesh[at].policy_of("web").text() == "random");
        }
    }

    TEST_CASE("a policy that can't be set is refused in words") {
        Mesh mesh;
        line(mesh);
        enrol(mesh, "a", web_1);
        const auto refusal = [&](const std::string& service, const std::string& policy) {
            return ask(mesh, "a", asking("policy", {{"service", service}, {"policy", policy}}));
        };
        CHECK(refusal("web", "fastest")["code"] == "bad-envelope");
        CHECK(refusal("web", "")["detail"].get<std::string>().find("least-conn") !=
              std::string::npos);
        CHECK(refusal("nobody", "random")["code"] == "no-route");
        CHECK(refusal("router", "random")["code"] == "forbidden");
        CHECK(refusal("", "random")["code"] == "bad-envelope");
        CHECK(mesh["b"].policy_of("web").text() == "round-robin");
    }

    TEST_CASE(
        "the deployment's policy holds until somebody sets another, and is there again after") {
        const auto with = [](const char* policy) {
            ConfiguredService service{.name = "web", .capabilities = {}, .version = {}};
            service.ninep.push_back(*envelope::parse_ninep_address(web_1));
            service.policy = *balance::parse_policy(policy);
            return service;
        };
        Mesh mesh;
        line(mesh, [&](Options& options) { options.services = {with("random")}; });
        CHECK(mesh["c"].policy_of("web").text() == "random");
        ask(mesh, "c", asking("policy", {{"service", "web"}, {"policy", "weighted"}}));
        CHECK(mesh["a"].policy_of("web").text() == "weighted");
        Options options = mesh["a"].options();
        options.services = {with("least-conn")};
        mesh["a"].reconfigure(options, mesh.now);
        mesh["a"].end_turn(mesh.now);
        mesh.wait(milliseconds(50));
        CHECK(mesh["c"].policy_of("web").text() == "least-conn");
        ask(mesh, "c", asking("policy", {{"service", "web"}, {"policy", "weighted"}}));
        CHECK(mesh["a"].policy_of("web").text() == "weighted");
        mesh.kill("c");
        mesh.wait(seconds(3));
        CHECK(mesh["a"].policy_of("web").text() == "least-conn");
    }
}

}  // namespace jetway::router::testing
