// The requests to router@machine.
#include <nlohmann/json.hpp>

#include "tests/router/mesh.h"

namespace jetway::router::testing {

TEST_SUITE("router.control") {
    TEST_CASE("every verb answers its schema and its machine, here and from another machine") {
        Mesh mesh;
        mesh.add("a", {"b", "z"});
        mesh.add("b");
        mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        for (const std::string machine : {"a", "b"}) {
            for (const std::string verb :
                 {"status", "routes", "services", "terminals", "neighbours"}) {
                CAPTURE(verb);
                const Got got = asker.ask("router@" + machine, request(verb));
                CHECK(got.source() == "router@" + machine);
                const envelope::EnvelopeView view = got.view();
                CHECK(Bytes(view.in_reply_to.begin(), view.in_reply_to.end()) == number(3));
                const nlohmann::json answer = got.json();
                CHECK(answer["schema"] == "jetway." + verb + "/1");
                CHECK(answer["machineId"] == machine);
            }
        }
        const nlohmann::json routes = asker.ask("router", request("routes")).json()["routes"];
        REQUIRE(routes.size() == 1);
        CHECK(routes[0]["service"] == "gpu");
        CHECK(routes[0]["machineId"] == "b");
        CHECK(routes[0]["hops"] == 1);
        CHECK(routes[0]["state"] == "selected");
        CHECK(routes[0]["health"] == "up");
        const nlohmann::json near = asker.ask("router", request("neighbours")).json()["neighbours"];
        REQUIRE(near.size() == 2);
        CHECK(near[0]["machineId"] == "b");
        CHECK(near[0]["state"] == "up");
        CHECK(near[1]["machineId"] == "z");
        CHECK(near[1]["state"] == "down");
        const nlohmann::json listed = asker.ask("router", request("services")).json()["services"];
        REQUIRE(listed.size() == 1);
        CHECK(listed[0]["reachable"] == true);
    }

    TEST_CASE("the counters of `status` are conserved") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        asker.send("nobody");
        asker.send("echo");
        CHECK(asker.envelopes().size() == 2);
        const nlohmann::json c = asker.ask("router", request("status")).json()["counters"];
        std::uint64_t refused = 0;
        for (const auto& [code, count] : c["refused"].items()) {
            refused += count.get<std::uint64_t>();
        }
        CHECK(refused == 1);
        CHECK(c["received"].get<std::uint64_t>() + c["originated"].get<std::uint64_t>() ==
              c["forwarded"].get<std::uint64_t>() + c["delivered"].get<std::uint64_t>() + refused +
                  c["waiting"].get<std::uint64_t>());
    }

    TEST_CASE("what is no request, or an unknown one, is answered bad-envelope") {
        Mesh mesh;
        mesh.add("a");
        Peer& asker = mesh.service("a");
        Bytes nameless;
        envelope::Packer(nameless).map(0);
        Bytes wrong;
        envelope::Packer(wrong).map(2).text("request").text("status").text("args").number(1);
        for (const Bytes& data : {request("shoot"), text("status"), nameless, wrong}) {
            CHECK(asker.ask("router@a", data).error().code == "bad-envelope");
        }
    }

    TEST_CASE("ping reports from every router on the way and delivers nothing") {
        Mesh mesh;
        mesh.add("a", {"b"});
        mesh.add("b");
        Peer& gpu = mesh.service("b", {"gpu"});
        mesh.wait(milliseconds(100));
        Peer& asker = mesh.service("a");
        asker.post("router", request("ping", {{"destination", "gpu"}}));
        std::vector<std::string> reasons;
        for (const Got& got : asker.envelopes()) {
            reasons.push_back(got.json()["reason"]);
        }
        CHECK(reasons == std::vector<std::string>{"forwarded", "delivered"});
        CHECK(gpu.envelopes().empty());
    }
}

}  // namespace jetway::router::testing
