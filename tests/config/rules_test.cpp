// The rules of a deployment.yml: every key, and what is said of a wrong one.
#include "config/rules.h"

#include <doctest/doctest.h>

#include "config/reload.h"
#include "tests/config/valid.h"

namespace jetway::config {

namespace {

using Names = std::vector<std::string>;

// Machine `a` with these terminals, beside b; `top` stands above.
std::string file(const std::string& terminals, const std::string& top = "") {
    return top + "machines:\n  b: {}\n  a:\n    terminals:\n" + terminals;
}

MachineConfig machine_a(const std::string& text) {
    return *testing::valid(text).find("a");
}

bool says(const std::string& text, const std::string& wanted) {
    const Checked checked = parse_deployment(text);
    REQUIRE_MESSAGE(checked.problems.size() == 1, text);
    const std::string printed = format(checked.problems.front(), "d.yml");
    INFO(printed);
    const bool found = printed.find(wanted) != std::string::npos;
    CHECK_MESSAGE(found, printed);
    return found;
}

const std::string apps = "      - {name: apps, type: local, address: 'tcp://127.0.0.1:7000', ";
const std::string sock = "      - {name: s, type: local, ";
const std::string neighbour = "      - {name: to-b, type: network, address: '10.0.0.2:1', ";

}  // namespace

TEST_SUITE("config.rules") {
    TEST_CASE("a local terminal's rules are read, its name's and the default socket's") {
        const MachineConfig a = machine_a(
            file(apps +
                 "token: SECRET, allow: {attach: [web, 'gpu-*'], send: ['gpu-*', "
                 "'*@b', 'router@*']}}\n" +
                 sock + "token_file: t, allow: {users: [app, 1000], groups: [jetway]}}\n"));
        REQUIRE(a.locals.size() == 1);
        const LocalRules& rules = a.locals[0].rules;
        CHECK(rules.token == "SECRET");
        CHECK(rules.attach == Names{"web", "gpu-*"});
        CHECK(rules.send == Names{"gpu-*", "*@b", "router@*"});
        CHECK_FALSE(rules.users);
        CHECK(a.socket_name == "s");
        CHECK(a.socket_rules.token_file == "t");
        CHECK(a.socket_rules.users == Names{"app", "1000"});
        CHECK(a.socket_rules.groups == Names{"jetway"});
        CHECK_FALSE(a.socket_rules.attach);
    }

    TEST_CASE("a Unix socket of its own that is the default one keeps its rules") {
        const MachineConfig a =
            machine_a(file(sock + "address: 'unix:///tmp/s', allow: {users: [app]}}\n"));
        CHECK(a.socket_rules.users == Names{"app"});
    }

    TEST_CASE("an empty list allows nobody and nothing, an absent one all") {
        const MachineConfig a = machine_a(file(apps + "allow: {attach: []}}\n"));
        REQUIRE(a.locals[0].rules.attach);
        CHECK(a.locals[0].rules.attach->empty());
        CHECK_FALSE(a.locals[0].rules.send);
        CHECK(says(file(apps + "allow: {attach: }}\n"), "attach: expected a list"));
    }

    TEST_CASE("a neighbour's rules and the settings are read") {
        const MachineConfig a = machine_a(
            file(neighbour + "announce: {machines: [b, 'edge-*'], services: [web]}}\n",
                 "strict_services: true\nunknown_neighbours: refuse\nadmin: {remote: [b]}\n"));
        CHECK(a.links[0].announce.machines == Names{"b", "edge-*"});
        CHECK(a.links[0].announce.services == Names{"web"});
        CHECK(a.router.links[0].announce == a.links[0].announce);
        REQUIRE(a.router.strict_services);
        CHECK(a.router.strict_services->count("b") == 1);
        CHECK(a.router.known_neighbours == Names{"b"});
        CHECK(a.router.control.remote == Names{"b"});
        const MachineConfig plain = machine_a(file(neighbour + "cost: 2}\n"));
        CHECK(plain.router.strict_services == nullptr);
        CHECK_FALSE(plain.router.known_neighbours);
        CHECK(plain.router.control.remote.empty());
    }

    TEST_CASE("what is wrong in a rule is named with its place and what was expected") {
        CHECK(says(file(apps + "token: }\n"), "expected a token"));
        CHECK(says(file(apps + "token: x, token_file: y}\n"),
                   "`token` and `token_file` can't both stand here"));
        CHECK(says(file(apps + "token_file: [x]}\n"), "token_file: expected the path of a file"));
        CHECK(says(file(apps + "allow: web}\n"),
                   "expected a map with `attach`, `send`, `users` or `groups`"));
        CHECK(says(file(apps + "allow: {atach: [x]}}\n"), "did you mean `attach`?"));
        CHECK(says(file(apps + "allow: {attach: web}}\n"),
                   "attach: expected a list, each item a name or a pattern such as `gpu-*`"));
        CHECK(says(file(apps + "allow: {attach: ['web@a']}}\n"),
                   "attach: expected a name or a pattern such as `gpu-*`, not `web@a`"));
        CHECK(says(file(apps + "allow: {send: ['a@b@c']}}\n"),
                   "send: expected a service or a pattern"));
        CHECK(says(file(apps + "allow: {users: [app]}}\n"), "known of a Unix socket only"));
        CHECK(says(file(apps + "allow: {groups: [app]}}\n"), "known of a Unix socket only"));
        CHECK(says(file(apps + "announce: {}}\n"), "a local terminal has no `announce`"));
        CHECK(says(file(neighbour + "token: x}\n"), "a network terminal has no `token`"));
        CHECK(says(file(neighbour + "allow: {}}\n"), "a network terminal has no `allow`"));
        CHECK(says(file(neighbour + "announce: [b]}\n"),
                   "expected a map with `machines` or `services`"));
        CHECK(says(file(neighbour + "announce: {machine: [b]}}\n"), "did you mean `machines`?"));
        CHECK(says(file(neighbour + "announce: {services: ['a b']}}\n"),
                   "services: expected a name"));
        CHECK(says(file("      - {name: m, type: loopback, token: x}\n"),
                   "a loopback terminal has no `token`"));
        CHECK(says(file("      []\n", "strict_services: perhaps\n"), "`true` or `false`"));
        CHECK(says(file("      []\n", "unknown_neighbours: deny\n"),
                   "d.yml:1:21: unknown_neighbours: expected `allow` or `refuse`, not `deny`"));
        CHECK(says(file("      []\n", "admin: {remote: [c]}\n"),
                   "d.yml:1:18: remote: `c` is no machine of this file"));
        CHECK(says(file("      []\n", "admin: {remot: [b]}\n"), "did you mean `remote`?"));
        CHECK(
            says(file("      []\n", "admin: {remote: ['*']}\n"), "expected the name of a machine"));
    }

    TEST_CASE("changed rules are told, and take neither a restart nor a new link") {
        const MachineConfig old = machine_a(file(apps + "token: x}\n" + neighbour + "cost: 2}\n"));
        const MachineConfig fresh =
            machine_a(file(apps + "token: y}\n" + neighbour +
                               "cost: 2, announce: {machines: []}}\n" + sock + "token: z}\n",
                           "unknown_neighbours: refuse\nstrict_services: true\n"));
        const Reload reload = compare(old, fresh);
        CHECK(reload.locals.changed.size() == 1);
        CHECK(reload.locals.added.empty());
        CHECK(reload.links.changed.size() == 1);
        CHECK(reload.rules == Names{"rules of terminal s changed"});
        CHECK(reload.settings.size() == 2);
        CHECK_FALSE(reload.nothing());
    }
}

}  // namespace jetway::config
