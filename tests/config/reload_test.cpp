#include "config/reload.h"

#include <doctest/doctest.h>

#include "tests/config/valid.h"

namespace jetway::config {

namespace {

// Machine `a` of a file in which it stands as `body`, beside b and c.
MachineConfig configured(const std::string& body, const std::string& others = "  b:\n  c:\n",
                         const std::string& top = "") {
    return testing::valid(top + "machines:\n  a: " + body + "\n" + others).machines.front();
}

const char* const two_links =
    "{terminals: [{name: to-b, type: network, address: '10.0.0.2:1'},"
    " {name: to-c, type: network, address: '10.0.0.3:1'}]}";

}  // namespace

TEST_SUITE("config.reload") {
    TEST_CASE("the same file changes nothing") {
        const Reload reload = compare(configured(two_links), configured(two_links));
        CHECK(reload.nothing());
        CHECK(describe(reload).empty());
    }

    TEST_CASE("only the links that differ are named") {
        const Reload reload =
            compare(configured(two_links),
                    configured("{terminals: [{name: to-b, type: network, address: '10.0.0.2:1', "
                               "cost: 5}, {name: to-d, type: network, address: '10.0.0.4:1'}]}",
                               "  b:\n  d:\n"));
        REQUIRE(reload.links.changed.size() == 1);
        CHECK(reload.links.changed[0].before.cost == 1);
        CHECK(reload.links.changed[0].after.cost == 5);
        REQUIRE(reload.links.added.size() == 1);
        CHECK(reload.links.added[0].peer == "d");
        REQUIRE(reload.links.removed.size() == 1);
        CHECK(reload.links.removed[0].peer == "c");
        CHECK(reload.problems.empty());
        CHECK(describe(reload) == std::vector<std::string>{"link to-c removed", "link to-d added",
                                                           "link to-b changed"});
    }

    TEST_CASE("debug terminals come, go and change") {
        const auto with = [](const std::string& terminal) {
            return configured("{terminals: [{name: d, type: debug, " + terminal + "}]}", "  b:\n",
                              "limits: {debug_sessions: 3}\n");
        };
        const Reload reload =
            compare(with("address: '127.0.0.1:1'"), with("address: '127.0.0.1:2'"));
        CHECK(describe(reload) ==
              std::vector<std::string>{"debug terminal d on 127.0.0.1:1 removed",
                                       "debug terminal d on 127.0.0.1:2 added"});
        CHECK(describe(compare(with("address: '127.0.0.1:1'"),
                               with("address: '127.0.0.1:1', token: secret"))) ==
              std::vector<std::string>{"debug terminal d on 127.0.0.1:1 changed"});
        CHECK(describe(compare(configured("{}"), with("address: '127.0.0.1:1'"))) ==
              std::vector<std::string>{"debug terminal d on 127.0.0.1:1 added",
                                       "limits.debug_sessions changed from 64 to 3"});
    }

    TEST_CASE("a terminal that leads to another machine is another link") {
        const auto leading_to = [](const std::string& peer) {
            return configured(
                "{terminals: [{name: up, type: network, address: '10.0.0.2:1', peer: " + peer +
                "}]}");
        };
        const Reload reload = compare(leading_to("b"), leading_to("c"));
        CHECK(reload.links.added.size() == 1);
        CHECK(reload.links.removed.size() == 1);
        CHECK(reload.links.changed.empty());
    }

    TEST_CASE("services are changed when what is said of them is, not when they are moved") {
        const Reload reload = compare(configured("{services: [x, y, z]}"),
                                      configured("{services: [w, {name: y, weight: 2}, x]}"));
        REQUIRE(reload.services.added.size() == 1);
        CHECK(reload.services.added[0].name == "w");
        REQUIRE(reload.services.removed.size() == 1);
        CHECK(reload.services.removed[0].name == "z");
        REQUIRE(reload.services.changed.size() == 1);
        CHECK(reload.services.changed[0].after.weight == 2);
    }

    TEST_CASE("a neighbour's terminal changes where this machine is to listen") {
        const auto dialled_at = [](const std::string& address) {
            return configured("{}", "  b: {terminals: [{name: to-a, type: network, address: '" +
                                        address + "'}]}\n");
        };
        const Reload reload = compare(dialled_at("10.0.0.1:1"), dialled_at("10.0.0.1:2"));
        REQUIRE(reload.listen.added.size() == 1);
        CHECK(reload.listen.added[0].text() == "10.0.0.1:2");
        REQUIRE(reload.listen.removed.size() == 1);
        CHECK(reload.listen.removed[0].text() == "10.0.0.1:1");
    }

    TEST_CASE("every setting that differs is named with what it was and is") {
        const MachineConfig fresh = configured(
            "{}", "",
            "gossip: {interval: 2s, min_interval: 10ms, request_timeout: 1s, hello: 100ms, "
            "dead_after: 400ms}\nlimits: {queue: 1MiB, max_frame: 4MiB, services: 7, machines: 8, "
            "terminals: 9, errors: 10, hello_timeout: 3s, handshakes: 5, handshake_timeout: 1s}\n"
            "balance: {unhealthy_after: 9, probe_interval: 1s}\n"
            "security: {certificates: certs, ca: other.pem}\nhop_limit: 12\ninsecure: true\n"
            "shutdown_grace: 500ms\ncontrol_group: wheel\n");
        const Reload reload = compare(configured("{}"), fresh);
        CHECK(reload.settings.size() == 22);
        CHECK(reload.problems.empty());
        const std::vector<std::string> lines = describe(reload);
        CHECK(lines.front() == "gossip.interval changed from 5s to 2s");
        CHECK(lines.back() == "control_group changed from nothing to wheel");
    }

    TEST_CASE("local and loopback terminals come and go") {
        const Reload reload =
            compare(configured("{terminals: [{name: t, type: local, address: '127.0.0.1:1'}]}"),
                    configured("{terminals: [{name: t, type: local, address: '127.0.0.1:2'},"
                               " {name: m, type: loopback}]}"));
        CHECK(reload.locals.added.size() == 1);
        CHECK(reload.locals.removed.size() == 1);
        CHECK(reload.loopbacks.added == std::vector<std::string>{"m"});
    }

    TEST_CASE("the origins of a local terminal change without it") {
        const auto with = [](const std::string& origins) {
            return configured(
                "{terminals: [{name: t, type: local, address: 'ws://127.0.0.1:1', "
                "origins: " +
                origins + "}]}");
        };
        const Reload reload = compare(with("[]"), with("['*']"));
        CHECK(reload.locals.added.empty());
        CHECK(reload.locals.removed.empty());
        REQUIRE(describe(reload).size() == 1);
        CHECK(describe(reload)[0] == "local terminal t on ws://127.0.0.1:1/ changed");
    }

    TEST_CASE("the machine's name and its Unix socket take a restart") {
        const MachineConfig old = configured("{}");
        MachineConfig renamed = old;
        renamed.name = "z";
        REQUIRE(compare(old, renamed).problems.size() == 1);
        CHECK(compare(old, renamed).problems[0].find("can't become `z`") != std::string::npos);
        const Reload moved = compare(
            old, configured("{terminals: [{name: s, type: local, address: 'unix:///tmp/s'}]}"));
        REQUIRE(moved.problems.size() == 1);
        CHECK(moved.problems[0].find("unix:///tmp/s") != std::string::npos);
        CHECK_FALSE(moved.nothing());
    }
}

}  // namespace jetway::config
