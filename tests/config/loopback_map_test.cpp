#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/config/valid.h"

namespace jetway::config {

namespace {

using Mapping = std::vector<std::pair<std::string, std::string>>;

struct Mapped {
    Deployment deployment;
    Mapping mapping;
};

Mapped map(const std::string& machines) {
    Mapped mapped;
    mapped.deployment = map_to_loopback(testing::valid("machines:\n" + machines), &mapped.mapping);
    return mapped;
}

// Every address that is dialled is listened on, by its machine alone, and all is on loopback.
void check_connects(const Deployment& deployment) {
    std::set<std::string> taken;
    for (const MachineConfig& machine : deployment.machines) {
        CHECK(insecure_listeners(machine).empty());
        for (const Address& address : machine.listen) {
            CHECK_MESSAGE(taken.insert(address.text()).second, address.text());
        }
        for (const auto& terminals : {machine.locals, machine.debugs}) {
            for (const LocalTerminalConfig& local : terminals) {
                CHECK_MESSAGE(taken.insert(local.address.text()).second, local.address.text());
            }
        }
    }
    for (const MachineConfig& machine : deployment.machines) {
        for (const LinkConfig& link : machine.links) {
            const auto& listen = deployment.find(link.peer)->listen;
            CHECK_MESSAGE((!link.has_address ||
                           std::find(listen.begin(), listen.end(), link.address) != listen.end()),
                          link.address.text());
        }
    }
}

}  // namespace

TEST_SUITE("config.loopback_map") {
    TEST_CASE("debug terminals are mapped as local ones are") {
        const Mapped mapped =
            map("  a: {listen: [], terminals: [{name: d, type: debug, address: '10.0.0.1:23'},\n"
                "      {name: u, type: debug, address: 'unix:///run/d'}]}\n"
                "  b: {listen: [], terminals: [{name: d, type: debug, address: '10.0.0.2:23'},\n"
                "      {name: u, type: debug, address: 'unix:///run/d'}]}\n");
        check_connects(mapped.deployment);
        CHECK(mapped.deployment.machines[0].debugs[0].address.text() == "127.77.0.1:23");
        CHECK(mapped.deployment.machines[1].debugs[1].address.path == "/run/d.b");
    }

    TEST_CASE("each host gets an address of its own, in the order of the file, with its ports") {
        const Mapped mapped =
            map("  a: {terminals: [{name: to-b, type: network, address: '10.0.0.2:9001'}]}\n"
                "  b: {terminals: [{name: to-a, type: network, address: '10.0.0.1:9001'}]}\n"
                "  c: {terminals: [{name: to-a, type: network, address: '10.0.0.1:9002'}]}\n");
        CHECK(mapped.mapping == Mapping{{"10.0.0.1", "127.77.0.1"}, {"10.0.0.2", "127.77.0.2"}});
        const MachineConfig& a = *mapped.deployment.find("a");
        CHECK(a.links[0].address.text() == "127.77.0.2:9001");
        REQUIRE(a.listen.size() == 2);
        CHECK(a.listen[0].text() == "127.77.0.1:9001");
        CHECK(a.listen[1].text() == "127.77.0.1:9002");
        check_connects(mapped.deployment);
        // HTTP has its default on each, and the one whose address the file doesn't say gets one.
        CHECK(a.admin.listen[0].address.text() == "127.77.0.1:7930");
        CHECK(mapped.deployment.find("b")->admin.listen[0].address.text() == "127.77.0.2:7930");
        CHECK(mapped.deployment.find("c")->admin.listen[0].address.text() == "127.77.0.3:7930");
    }

    TEST_CASE("where the file says that HTTP is answered, each machine gets an address for it") {
        const Mapped mapped =
            map("  a: {admin: {listen: ['10.0.0.1:80', 'unix:///run/h']}}\n"
                "  b: {admin: {listen: ['10.0.0.1:80', 'unix:///run/h']}}\n");
        const MachineConfig& a = *mapped.deployment.find("a");
        const MachineConfig& b = *mapped.deployment.find("b");
        REQUIRE(a.admin.listen.size() == 2);
        CHECK(a.admin.listen[0].address.text() == "127.77.0.1:80");
        CHECK(b.admin.listen[0].address.text() == "127.77.0.2:80");
        CHECK(a.admin.listen[1].address.path == "/run/h.a");
        CHECK(b.admin.listen[1].address.path == "/run/h.b");
    }

    TEST_CASE("machines that stand on one host get an address each") {
        const Mapped mapped =
            map("  a: {terminals: [{name: to-b, type: network, address: '127.0.0.1:2'},"
                " {name: t, type: local, address: '127.0.0.1:9'}]}\n"
                "  b: {terminals: [{name: to-a, type: network, address: '127.0.0.1:1'}]}\n");
        CHECK(mapped.mapping ==
              Mapping{{"127.0.0.1 (a)", "127.77.0.1"}, {"127.0.0.1 (b)", "127.77.0.2"}});
        check_connects(mapped.deployment);
    }

    TEST_CASE("a machine listens where it is dialled, whatever it listened on before") {
        const std::string dialling =
            "  a: {terminals: [{name: to-b, type: network, address: 'b.example:9001'}]}\n"
            "  c: {terminals: [{name: to-b, type: network, address: '[fd00::2]:9001'}]}\n";
        for (const char* listen : {"'0.0.0.0:9001'", "['192.168.7.7:7001']", "[]",
                                   "['0.0.0.0:9001', '[::]:9001', 'b.example:9001']"}) {
            CAPTURE(listen);
            const Mapped mapped = map(dialling + "  b: {listen: " + listen + "}\n");
            check_connects(mapped.deployment);
        }
    }

    TEST_CASE("wildcard listeners of machines that nobody dials do not collide") {
        check_connects(
            map("  a: {listen: '0.0.0.0:9001'}\n  b: {listen: '0.0.0.0:9001'}\n").deployment);
    }

    TEST_CASE("a Unix socket that two machines would share gets the machine's name") {
        const auto socket = [](const std::string& path) {
            return "{terminals: [{name: s, type: local, address: 'unix://" + path + "'}]}\n";
        };
        const Mapped mapped =
            map("  a: " + socket("/tmp/x.sock") + "  b: " + socket("/tmp/x.sock") +
                "  c: " + socket("/tmp/c.sock"));
        CHECK(mapped.deployment.find("a")->socket->path == "/tmp/x.sock.a");
        CHECK(mapped.deployment.find("b")->socket->path == "/tmp/x.sock.b");
        CHECK(mapped.deployment.find("c")->socket->path == "/tmp/c.sock");
    }

    TEST_CASE("three hundred machines get three hundred addresses that can be listened on") {
        std::string machines;
        for (int i = 0; i < 300; ++i) {
            machines += "  m" + std::to_string(i) + ": {listen: '0.0.0.0:9001'}\n";
        }
        const Mapped mapped = map(machines);
        check_connects(mapped.deployment);
        CHECK(mapped.mapping[253].second == "127.77.0.254");
        CHECK(mapped.mapping[254].second == "127.77.1.1");
    }
}

}  // namespace jetway::config
