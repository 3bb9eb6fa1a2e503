// What is wrong in a deployment.yml, and what is said about it.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/config/valid.h"

namespace jetway::config {

namespace {

using testing::text_of_a;

std::string terminal(const std::string& keys) {
    return text_of_a("    terminals:\n      - {" + keys + "}\n");
}

std::string service(const std::string& entry) {
    return text_of_a("    services:\n      - " + entry + "\n");
}

struct Case {
    std::string text;
    std::string problem;  // its start as printed, or what it says after "..."
};

void check_says(const Case& c) {
    CAPTURE(c.text);
    const Checked checked = parse_deployment(c.text);
    CHECK_FALSE(checked.deployment);
    REQUIRE_MESSAGE(checked.problems.size() == 1, "expected one problem: " << c.problem);
    const std::string printed = format(checked.problems.front(), "d.yml");
    if (c.problem.starts_with("...")) {
        CHECK_MESSAGE(printed.find(c.problem.substr(3)) != std::string::npos, printed);
    } else {
        CHECK_MESSAGE(printed.starts_with(c.problem), printed);
    }
}

}  // namespace

TEST_SUITE("config.problems") {
    TEST_CASE("a problem is printed as file, line, column and text") {
        CHECK(format({12, 7, "unknown key `hops_limt`"}, "deployment.yml") ==
              "deployment.yml:12:7: unknown key `hops_limt`");
    }

    TEST_CASE("an unknown key names the near miss, the right place, or what there is") {
        const Case cases[] = {
            {"hops_limt: 3\nmachines: {a: {}}\n",
             "d.yml:1:1: unknown key `hops_limt`: did you mean `hop_limit`?"},
            {text_of_a("    servces: [x]\n"),
             "d.yml:4:5: unknown key `servces`: did you mean `services`?"},
            {terminal("name: to-b, type: network, adress: '1.2.3.4:5', address: '1.2.3.4:5'"),
             "d.yml:5:37: unknown key `adress`: did you mean `address`?"},
            {"gossip: {intervall: 5s}\nmachines: {a: {}}\n",
             "d.yml:1:10: unknown key `intervall`: did you mean `interval`?"},
            {"hello: 1s\nmachines: {a: {}}\n", "...did you mean `gossip.hello`?"},
            {"gossip: {frobs: 1}\nmachines: {a: {}}\n",
             "...expected one of `interval`, `min_interval`"},
            {"services: [x]\nmachines: {a: {}}\n", "...did you mean `machines.NAME.services`?"},
            {service("{name: x, wieght: 2}"), "...did you mean `weight`?"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("a service's 9P addresses and its policy are checked") {
        const Case cases[] = {
            {service("{name: x, 9p: 10.0.0.2}"), "...9p: a 9P address is HOST:PORT[/PATH]"},
            {service("{name: x, 9p: {}}"), "...9p: expected an address, or a list of them"},
            {service("{name: x, 9p: ['h:1', 'tcp://h:1/']}"), "...the address `h:1` stands here a"},
            {service("{name: x, policy: fastest}"), "...policy: a policy is round-robin"},
            {service("{name: x, policy: [nearest]}"), "...policy: a policy is round-robin"},
            {service("{name: x, polcy: nearest}"), "...did you mean `policy`?"},
            {"balance: {unhealthy_after: 0}\nmachines: {a: {}}\n", "...from 1 to 1000"},
            {"balance: {probe_backoff: 1m}\nmachines: {a: {}}\n",
             "...expected `probe_backoff` not above `probe_backoff_max`"},
            {"probe_interval: 1s\nmachines: {a: {}}\n",
             "...did you mean `balance.probe_interval`?"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("where HTTP is answered is checked") {
        const auto admin = [](const std::string& value) {
            return "admin: " + value + "\nmachines: {a: {}}\n";
        };
        const Case cases[] = {
            {admin("{listen: ['ws://127.0.0.1:1']}"),
             "...expected unix://, tcp:// or tls:// for HTTP, not `ws://127.0.0.1:1/`"},
            {admin("{listen: ['127.0.0.1:1', 'tcp://127.0.0.1:1']}"),
             "...`127.0.0.1:1` stands here twice"},
            {admin("{listen: [{write: true}]}"), "...expected `address`: where to listen"},
            {admin("{listen: [{address: '127.0.0.1:1', wirte: true}]}"),
             "...did you mean `write`?"},
            {admin("{lisen: []}"), "...did you mean `listen`?"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("what later versions bring is refused plainly") {
        for (const char* key : {"dns", "registry"}) {
            check_says({std::string(key) + ": {x: 1}\nmachines: {a: {}}\n",
                        std::string("d.yml:1:1: this version of Jetway does not have `") + key});
            check_says({text_of_a(std::string("    ") + key + ": 1\n"),
                        std::string("d.yml:4:5: this version of Jetway does not have `") + key});
        }
    }

    TEST_CASE("an address of TLS needs certificates") {
        const auto top = [](const std::string& line) { return line + "\nmachines: {a: {}}\n"; };
        const Case cases[] = {
            {text_of_a("    listen: tls://1.2.3.4:5\n"),
             "d.yml:4:13: `tls://1.2.3.4:5` needs certificates: expected `security: {certificates: "
             "DIR}`"},
            {terminal("name: x, type: local, address: 'tls://1.2.3.4:5'"), "...needs certificates"},
            {terminal("name: to-b, type: network, address: 'wss://1.2.3.4:5'"),
             "...needs certificates"},
            {"machines:\n  b:\n  a:\n    security: {certificates: certs}\n    terminals:\n"
             "      - {name: to-b, type: network, address: 'tls://1.2.3.4:5'}\n",
             "d.yml:6:46: `b` would listen at `tls://1.2.3.4:5`, and has no certificates"},
            {"security: {certificates: certs}\nmachines:\n  b:\n  c: {terminals: [{name: to-b, "
             "type: "
             "network, address: 'tcp://1.2.3.4:5'}]}\n  a:\n    terminals:\n"
             "      - {name: to-b, type: network, address: 'tls://1.2.3.4:5'}\n",
             "d.yml:7:46: `b` would listen at `1.2.3.4:5` as line 4 has it: expected the same "
             "scheme"},
            {top("security: {ca: x}"), "...expected `ca`, `certificate` and `key` together"},
            {top("security: {network: ssl}"), "...network: expected `tcp` or `tls`, not `ssl`"},
            {top("security: {certificate: [x]}"), "...expected the path of a file, not a list"},
            {top("security: {certificat: x}"), "...did you mean `certificate`?"},
            {top("certificates: x"), "...did you mean `security.certificates`?"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("a file without machines is refused") {
        const Case cases[] = {
            {"", "d.yml:1:1: expected `machines:`"},
            {"hop_limit: 3\n", "...expected `machines:`"},
            {"machines:\n", "d.yml:1:1: machines: expected at least one machine"},
            {"machines: {}\n", "...expected at least one machine"},
            {"machines: [a, b]\n",
             "...expected a map of machines, each under its name, not a list"},
            {"just text\n", "...expected a map with `machines`, not `just text`"},
            {"machines: {a: 3}\n", "...expected a machine: a map with"},
            {"machines:\n  a:\n  a:\n", "d.yml:3:3: the key `a` stands here a second time"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("names of machines, services and terminals are well formed, unreserved and unique") {
        const std::string longest(128, 'x');
        CHECK(parse_deployment("machines: {" + longest + ": {}}\n").deployment);
        CHECK(parse_deployment(service("9.a_B-c")).deployment);
        CHECK(parse_deployment(service("routers")).deployment);
        CHECK(parse_deployment(service("client")).deployment);
        const Case cases[] = {
            {"machines: {" + longest + "x: {}}\n", "...can't name a machine"},
            {"machines: {-a: {}}\n", "...`-a` can't name a machine"},
            {"machines: {a@b: {}}\n", "...`a@b` can't name a machine"},
            {service("_x"), "d.yml:5:9: `_x` can't name a service"},
            {service("'a b'"), "...`a b` can't name a service"},
            {service("é"), "...can't name a service"},
            {service("router"), "d.yml:5:9: `router` is reserved"},
            {service("echo"), "...`echo` is reserved"},
            {service("client-7"), "...`client-7` is reserved"},
            {service("x\n      - {name: x}"),
             "d.yml:6:16: the service `x` stands here a second time: the first is on line 5"},
            {service("{weight: 2}"), "...a service without a name"},
            {service("[x]"),
             "...expected the name of a service, or a map with its `name`, not a list"},
            {service("''"), "...expected the name of a service"},
            {text_of_a("    services: x\n"), "...expected a list of services, not `x`"},
            {service("{name: x, capabilities: [a, a]}"), "...the capability `a` stands here"},
            {service("{name: x, capabilities: a}"), "...expected a list of capabilities, not `a`"},
            {service("{name: x, version: [1]}"), "...expected a version, not a list"},
            {terminal("name: 'x y', type: loopback"), "...can't name a terminal"},
            {text_of_a("    terminals: [{name: x, type: loopback}, {name: x, type: loopback}]\n"),
             "...the terminal `x` stands here a second time"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("numbers, switches and durations out of range are refused where they stand") {
        const auto top = [](const std::string& line) { return line + "\nmachines: {a: {}}\n"; };
        const Case cases[] = {
            {top("hop_limit: 0"),
             "d.yml:1:12: hop_limit: expected a whole number from 1 to 255, not `0`"},
            {top("hop_limit: 256"), "...from 1 to 255, not `256`"},
            {top("hop_limit: -1"), "...not `-1`"},
            {top("hop_limit: many"), "...not `many`"},
            {top("hop_limit: [1]"), "...not a list"},
            {top("hop_limit:"),
             "d.yml:1:1: hop_limit: expected a whole number from 1 to 255, not "
             "nothing"},
            {top("insecure: yes"), "...insecure: expected `true` or `false`, not `yes`"},
            {top("shutdown_grace: 2"), "...shutdown_grace: expected a duration"},
            {top("shutdown_grace: 1h"), "...expected from 0s to 10m, not `1h`"},
            {top("control_group: []"), "...expected the name of a group, not a list"},
            {top("gossip: 5s"), "...expected a map of gossip settings, not `5s`"},
            {top("gossip: {hello: 0s}"), "...hello: expected from 1ms to 1h, not `0s`"},
            {top("gossip: {interval: 5S}"), "...did you mean `5s`?"},
            {top("limits: {queue: 16MB}"), "...queue: expected a size"},
            {top("limits: {queue: 1B}"), "...queue: expected from 1KiB to 64GiB, not `1B`"},
            {top("limits: {max_frame: 2GiB}"), "...expected from 1KiB to 1GiB, not `2GiB`"},
            {top("limits: {services: 0}"), "...services: expected a whole number from 1"},
            {top("limits: {errors: 10KiB}"), "...errors: expected a whole number"},
            {top("limits: {hold_timeout: 0s}"), "...hold_timeout: expected from 1ms to 1h"},
            {service("{name: x, weight: 0}"), "...from 1 to 65535, not `0`"},
            {service("{name: x, weight: 65536}"), "...from 1 to 65535, not `65536`"},
            {terminal("name: to-b, type: network, address: '1.2.3.4:5', cost: 0"),
             "d.yml:5:65: cost: expected a whole number from 1 to 65534, not `0`"},
            {terminal("name: to-b, type: network, address: '1.2.3.4:5', cost: 65535"),
             "...from 1 to 65534, not `65535`"},
            {terminal("name: to-b, type: network, address: '1.2.3.4:0'"),
             "d.yml:5:46: expected a port from 1 to 65535, not `0`"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("times that must be in an order are, across the file and the machine") {
        const Case cases[] = {
            {"gossip: {hello: 900ms}\nmachines: {a: {}}\n",
             "d.yml:1:17: expected `hello` (900ms) to be shorter than `dead_after` (900ms)"},
            {"gossip: {dead_after: 200ms}\nmachines: {a: {}}\n", "d.yml:1:22: expected `hello`"},
            {"gossip: {hello: 50ms, dead_after: 100ms}\nmachines:\n  a: {gossip: {hello: 100ms}}\n",
             "d.yml:3:23: expected `hello` (100ms)"},
            {"gossip: {min_interval: 6s}\nmachines: {a: {}}\n",
             "...expected `min_interval` (6s) to be no longer than `interval` (5s)"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("a terminal says what it is, and has what belongs to its type") {
        const Case cases[] = {
            {terminal("type: loopback"), "d.yml:5:9: a terminal without a name"},
            {terminal("name: x"), "d.yml:5:9: a terminal without a type"},
            {terminal("name: x, type: netwrok"),
             "d.yml:5:25: unknown type `netwrok`: did you mean `network`?"},
            {terminal("name: x, type: pigeon"),
             "...expected one of `local`, `network`, `loopback`"},
            {text_of_a("    terminals: [x]\n"), "...expected a terminal: a map with"},
            {text_of_a("    terminals: [~]\n"), "...expected a terminal: a map with"},
            {text_of_a("    terminals: {x: 1}\n"), "...expected a list of terminals, not a map"},
            {terminal("name: x, type: loopback, cost: 2"), "...a loopback terminal has no `cost`"},
            {terminal("name: x, type: local, peer: b"), "...a local terminal has no `peer`"},
            {terminal("name: lo, type: local"), "...`lo` is the loopback terminal"},
            {terminal("name: x, type: local, address: 'x'"), "...has no port"},
            {text_of_a("    terminals: [{name: x, type: local}, {name: y, type: local}]\n"),
             "...is named `x` already"},
            {text_of_a("    listen: '10.0.0.1:1'\n"
                       "    terminals: [{name: x, type: local, address: '10.0.0.1:1'}]\n"),
             "d.yml:5:49: the address `10.0.0.1:1` stands here a second time: the first is on "
             "line 4"},
            {text_of_a("    listen:\n"), "...listen: expected an address or a list"},
            {text_of_a("    listen: unix:///tmp/x\n"), "...neighbours come by the network"},
            {text_of_a("    listen: ['x:1', 'tcp://x:1']\n"), "...stands here a second time"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("a link leads to one other machine of the file that can be reached") {
        const Case cases[] = {
            {terminal("name: uplink, type: network, address: '1.2.3.4:5'"),
             "d.yml:5:9: `uplink` leads nowhere: expected `peer: MACHINE`"},
            {terminal("name: to-c, type: network, address: '1.2.3.4:5'"),
             "d.yml:5:16: `to-c` leads to `c`, which is no machine of this file"},
            {"machines:\n  machine-b:\n  a:\n    terminals:\n"
             "      - {name: x, peer: machin-b, type: network, address: '1.2.3.4:5'}\n",
             "d.yml:5:25: `x` leads to `machin-b`, which is no machine of this file: did you mean "
             "`machine-b`?"},
            {terminal("name: to-a, type: network, address: '1.2.3.4:5'"),
             "...`to-a` leads to its own machine"},
            {text_of_a("    terminals:\n"
                       "      - {name: to-b, type: network, address: '1.2.3.4:5'}\n"
                       "      - {name: also, peer: b, type: network, address: '1.2.3.4:6'}\n"),
             "d.yml:6:28: `to-b` leads to `b` already"},
            {terminal("name: to-b, type: network"), "...one of the two must dial"},
            {terminal("name: to-b, type: network, address: 'unix:///tmp/b'"),
             "...leads to another machine by the network"},
            {terminal("name: to-b, type: network, address: '0.0.0.0:5'"),
             "...can be listened on, not dialled"},
            {"machines:\n  b:\n  c:\n  a:\n    terminals:\n"
             "      - {name: to-b, type: network, address: '1.2.3.4:5'}\n"
             "      - {name: to-c, type: network, address: '1.2.3.4:5'}\n",
             "d.yml:7:46: `1.2.3.4:5` leads to `b` already, on line 6: expected an address of "
             "`c`'s own"},
            {"machines:\n  b: {terminals: [{name: x, type: local, address: '1.2.3.4:5'}]}\n"
             "  a: {terminals: [{name: to-b, type: network, address: '1.2.3.4:5'}]}\n",
             "d.yml:3:56: `1.2.3.4:5` is where services attach to `b`"}};
        for (const Case& c : cases) {
            check_says(c);
        }
    }

    TEST_CASE("all problems of a file are told at once, in the order of their lines") {
        const Checked checked = parse_deployment(
            "hops_limt: 3\nmachines:\n  a:\n    services: [router, x, x]\n    terminals:\n"
            "      - {name: to-c, type: network, address: '10.0.0.2'}\n"
            "      - {name: y, type: pigeon}\n  b:\n    weight: 2\n  b:\ninsecure: maybe\n");
        CHECK_FALSE(checked.deployment);
        std::vector<int> lines;
        for (const Problem& problem : checked.problems) {
            lines.push_back(problem.line);
        }
        CHECK(lines == std::vector<int>{1, 4, 4, 6, 6, 7, 9, 10, 11});
    }

    TEST_CASE("a file with very many problems tells how many it did not list") {
        std::string text = "machines:\n  a:\n    services:\n";
        for (int i = 0; i < 1'500; ++i) {
            text += "      - echo\n";
        }
        const Checked checked = parse_deployment(text);
        REQUIRE(checked.problems.size() == 1'001);
        CHECK(checked.problems.back().text == "and 500 more problems");
    }

    TEST_CASE("a file cut short anywhere, or with any byte changed, is judged and nothing else") {
        const std::string text =
            "gossip: {hello: 50ms}\nlimits: {queue: 1MiB}\nmachines:\n  a:\n    services: [x]\n"
            "    terminals:\n      - name: to-b\n        type: network\n"
            "        address: 10.0.0.2:9001\n  b: {listen: ['[::1]:9001']}\n";
        REQUIRE(parse_deployment(text).deployment);
        const auto judge = [](const std::string& damaged) {
            const Checked checked = parse_deployment(damaged);
            CHECK(checked.deployment.has_value() == checked.problems.empty());
        };
        for (std::size_t i = 0; i < text.size(); ++i) {
            judge(text.substr(0, i));
            for (const char c : {'\0', '\n', ' ', ':', '[', '{', '&', '*', '"', '-', '\xff'}) {
                std::string damaged = text;
                damaged[i] = c;
                judge(damaged);
            }
        }
    }

    TEST_CASE("origins stand at terminals that web pages reach, as a browser says them") {
        const std::string at = "name: x, type: local, address: 'ws://127.0.0.1:1', origins: ";
        const Case cases[] = {
            {terminal(at + "['https://app.example/']"),
             "d.yml:5:71: `https://app.example/` is no origin: expected `https://host`, "
             "`https://host:port`, or `*` for all"},
            {terminal(at + "[app.example]"), "...`app.example` is no origin"},
            {terminal(at + "['://x']"), "...is no origin"},
            {terminal(at + "['https://']"), "...is no origin"},
            {terminal("name: x, type: local, address: '127.0.0.1:1', origins: ['*']"),
             "...`origins` is for terminals on ws:// and wss://"},
            {terminal("name: x, type: local, origins: ['*']"),
             "...a local terminal has no `origins`"},
            {terminal("name: to-b, type: network, address: 'ws://1.2.3.4:5', origins: ['*']"),
             "...a network terminal has no `origins`"},
            {terminal("name: x, type: loopback, origins: ['*']"),
             "...a loopback terminal has no `origins`"},
        };
        for (const Case& c : cases) {
            check_says(c);
        }
    }
}

}  // namespace jetway::config
