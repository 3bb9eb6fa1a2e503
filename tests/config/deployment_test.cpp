#include "config/deployment.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/config/valid.h"

namespace jetway::config {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::text_of_a;
using testing::valid;

// As the document prints it.
const char* const document = R"(# deployment.yml
machines:
  machine-a:
    services:
      - pty-server
      - display-server
      - mp4-encoder
    terminals:
      - name: to-machine-b
        type: network
        address: 10.0.0.2:9001
      - name: to-machine-c
        type: network
        address: 10.0.0.3:9001

  machine-b:
    services:
      - parser-server
    terminals:
      - name: to-machine-a
        type: network
        address: 10.0.0.1:9001
      - name: to-machine-c
        type: network
        address: 10.0.0.3:9002

  machine-c:
    services:
      - gpu-server
      - encoder-server
    terminals:
      - name: to-machine-a
        type: network
        address: 10.0.0.1:9002
      - name: to-machine-b
        type: network
        address: 10.0.0.2:9002
# Service discovery is automatic!
)";

std::vector<std::string> texts(const std::vector<Address>& addresses) {
    std::vector<std::string> result;
    std::transform(addresses.begin(), addresses.end(), std::back_inserter(result),
                   [](const Address& address) { return address.text(); });
    return result;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("config.deployment") {
    TEST_CASE("the document's file is valid as it stands") {
        const Deployment deployment = valid(document);
        REQUIRE(deployment.machines.size() == 3);
        const MachineConfig& a = *deployment.find("machine-a");
        CHECK(a.name == "machine-a");
        CHECK(a.router.machine == "machine-a");
        REQUIRE(a.router.services.size() == 3);
        CHECK(a.router.services[2].name == "mp4-encoder");
        CHECK(a.router.services[2].weight == 1);
        REQUIRE(a.links.size() == 2);
        CHECK(a.links[0] ==
              LinkConfig{"to-machine-b", "machine-b", *parse_address("10.0.0.2:9001"), true, 1});
        REQUIRE(a.router.links.size() == 2);
        CHECK(a.router.links[1] ==
              router::ConfiguredLink{"to-machine-c", "machine-c", 1, {}, "10.0.0.3:9001"});
        CHECK(a.router.gossip.interval == seconds(5));
        CHECK(a.shutdown_grace == seconds(2));
        CHECK_FALSE(a.insecure);
        CHECK_FALSE(a.socket);
        CHECK(deployment.find("machine-d") == nullptr);
    }

    TEST_CASE("a machine listens where the others' terminals expect it") {
        const Deployment deployment = valid(document);
        CHECK(texts(deployment.find("machine-a")->listen) ==
              Texts{"10.0.0.1:9001", "10.0.0.1:9002"});
        CHECK(texts(deployment.find("machine-b")->listen) ==
              Texts{"10.0.0.2:9001", "10.0.0.2:9002"});
        CHECK(texts(deployment.find("machine-c")->listen) ==
              Texts{"10.0.0.3:9001", "10.0.0.3:9002"});
    }

    TEST_CASE("an address that two machines dial is listened on once") {
        const Deployment deployment = valid(
            "machines:\n  hub:\n"
            "  a: {terminals: [{name: to-hub, type: network, address: '10.0.0.9:9001'}]}\n"
            "  b: {terminals: [{name: up, peer: hub, type: network, address: '10.0.0.9:9001'}]}\n");
        CHECK(texts(deployment.find("hub")->listen) == Texts{"10.0.0.9:9001"});
        CHECK(deployment.find("a")->listen.empty());
        CHECK(deployment.find("b")->links[0].peer == "hub");
    }

    TEST_CASE("what a machine says of listening stands instead of what is inferred") {
        const std::string dialling =
            "  a: {terminals: [{name: to-b, type: network, address: '10.0.0.9:9001'}]}\n";
        CHECK(texts(valid("machines:\n" + dialling + "  b: {listen: '0.0.0.0:9001'}\n")
                        .find("b")
                        ->listen) == Texts{"0.0.0.0:9001"});
        CHECK(texts(valid("machines:\n" + dialling + "  b: {listen: ['[::]:1', 'x:2']}\n")
                        .find("b")
                        ->listen) == Texts{"[::]:1", "x:2"});
        CHECK(valid("machines:\n" + dialling + "  b: {listen: []}\n").find("b")->listen.empty());
    }

    TEST_CASE("a machine's own settings win over the file's, key by key") {
        const Deployment deployment = valid(R"(
gossip: {interval: 2s, min_interval: 10ms, request_timeout: 1s, hello: 100ms, dead_after: 400ms}
limits: {queue: 1MiB, max_frame: 4MiB, services: 7, machines: 8, terminals: 9, errors: 10,
         hello_timeout: 3s}
hop_limit: 12
insecure: true
shutdown_grace: 500ms
control_group: operators
machines:
  a:
  b:
    gossip: {hello: 50ms}
    limits: {queue: 64KiB}
    hop_limit: 255
    insecure: false
    shutdown_grace: 0s
    control_group: wheel
)");
        const MachineConfig& a = *deployment.find("a");
        CHECK(a.router.gossip.interval == seconds(2));
        CHECK(a.router.gossip.min_interval == milliseconds(10));
        CHECK(a.router.gossip.request_timeout == seconds(1));
        CHECK(a.router.gossip.max_machines == 8);
        CHECK(a.router.terminal.hello == milliseconds(100));
        CHECK(a.router.terminal.dead_after == milliseconds(400));
        CHECK(a.router.terminal.queue == 1U << 20U);
        CHECK(a.router.terminal.max_frame == 4U << 20U);
        CHECK(a.router.terminal.services == 7);
        CHECK(a.router.terminal.hello_timeout == seconds(3));
        CHECK(a.router.terminals == 9);
        CHECK(a.router.errors == 10);
        CHECK(a.router.hop_limit == 12);
        CHECK(a.router.insecure);
        CHECK(a.insecure);
        CHECK(a.shutdown_grace == milliseconds(500));
        CHECK(a.control_group == "operators");
        const MachineConfig& b = *deployment.find("b");
        CHECK(b.router.terminal.hello == milliseconds(50));
        CHECK(b.router.terminal.dead_after == milliseconds(400));
        CHECK(b.router.terminal.queue == 64U << 10U);
        CHECK(b.router.terminal.max_frame == 4U << 20U);
        CHECK(b.router.hop_limit == 255);
        CHECK_FALSE(b.insecure);
        CHECK_FALSE(b.router.insecure);
        CHECK(b.shutdown_grace == seconds(0));
        CHECK(b.control_group == "wheel");
    }

    TEST_CASE("the defaults may be written down") {
        valid(
            "limits: {queue: 8MiB, max_frame: 16MiB, services: 4096, machines: 10000, "
            "terminals: 4096, errors: 10000, hello_timeout: 5s}\n"
            "gossip: {interval: 5s, min_interval: 20ms, request_timeout: 500ms, hello: 300ms, "
            "dead_after: 900ms}\nmachines: {a: {}}\n");
    }

    TEST_CASE("a service can be a map of what it is") {
        const Deployment deployment = valid(
            "machines:\n  a:\n    services:\n      - plain\n"
            "      - {name: gpu, capabilities: [h264, av1], version: 1.2, weight: 65535}\n");
        const auto& services = deployment.find("a")->router.services;
        REQUIRE(services.size() == 2);
        CHECK(services[1] == router::ConfiguredService{"gpu", {"h264", "av1"}, "1.2", 65535});
    }

    TEST_CASE("HTTP is answered on loopback unless the file says where, or nowhere") {
        const Deployment deployment = valid(
            "admin: {listen: [{address: 'tls://10.0.0.1:443', write: true}]}\n"
            "machines:\n  a: {}\n  b: {admin: {listen: []}}\n  c: {admin: {remote: [a]}}\n"
            "  d: {admin: {listen: ['unix:///run/x', '10.0.0.9:80']}}\n"
            "security: {certificates: x}\n");
        const Admin& a = deployment.find("a")->admin;
        REQUIRE(a.listen.size() == 1);
        CHECK(a.listen[0].address.text() == "tls://10.0.0.1:443");
        CHECK(a.listen[0].write);
        CHECK(uses_tls(*deployment.find("a")));
        CHECK(insecure_listeners(*deployment.find("a")).empty());
        CHECK(deployment.find("b")->admin.listen.empty());
        CHECK(deployment.find("b")->admin.configured);
        CHECK(deployment.find("c")->admin == a);
        CHECK_FALSE(deployment.find("d")->admin.listen[0].write);
        REQUIRE(insecure_listeners(*deployment.find("d")).size() == 1);
        CHECK(insecure_listeners(*deployment.find("d"))[0].text() == "10.0.0.9:80");

        const Admin unsaid = valid("machines:\n  a: {}\n").find("a")->admin;
        CHECK_FALSE(unsaid.configured);
        REQUIRE(unsaid.listen.size() == 1);
        CHECK(unsaid.listen[0].address.text() == "127.0.0.1:7930");
        CHECK_FALSE(unsaid.listen[0].write);
    }

    TEST_CASE("a service's instances can be 9P servers, and it can have a policy") {
        const Deployment deployment = valid(
            "balance: {unhealthy_after: 5, healthy_after: 1, probe_interval: 1s}\n"
            "machines:\n  a:\n    balance: {probe_timeout: 300ms}\n    services:\n"
            "      - {name: web, 9p: '10.0.0.2:564/srv/web', policy: least-conn}\n"
            "      - {name: two, 9p: ['unix:/run/w!/a', '[::1]:564']}\n"
            "      - {name: gpu, policy: sticky header:user}\n");
        const router::Options& options = deployment.find("a")->router;
        REQUIRE(options.services.size() == 3);
        REQUIRE(options.services[0].ninep.size() == 1);
        CHECK(options.services[0].ninep[0].text() == "10.0.0.2:564/srv/web");
        CHECK(options.services[0].policy->text() == "least-conn");
        REQUIRE(options.services[1].ninep.size() == 2);
        CHECK(options.services[1].ninep[0].text() == "unix:///run/w!/a");
        CHECK_FALSE(options.services[1].policy);
        CHECK(options.services[2].ninep.empty());
        CHECK(options.services[2].policy->header == "user");
        CHECK(options.balance.unhealthy_after == 5);
        CHECK(options.balance.healthy_after == 1);
        CHECK(options.balance.probe_interval == seconds(1));
        CHECK(options.balance.probe_timeout == milliseconds(300));
        CHECK(options.balance.request_timeout == seconds(30));
    }

    TEST_CASE(
        "the first Unix terminal is the default one elsewhere, the other local ones are more") {
        const MachineConfig a = *valid(text_of_a("    terminals:\n"
                                                 "      - {name: tcp, type: local, address: "
                                                 "'127.0.0.1:9100'}\n"
                                                 "      - {name: one, type: local, address: "
                                                 "'unix:///tmp/one.sock'}\n"
                                                 "      - {name: two, type: local, address: "
                                                 "'unix:///tmp/two.sock'}\n"
                                                 "      - {name: mirror, type: loopback}\n"
                                                 "      - {name: lo, type: loopback}\n"))
                                     .find("a");
        REQUIRE(a.socket);
        CHECK(a.socket->path == "/tmp/one.sock");
        CHECK(a.socket_name == "one");
        REQUIRE(a.locals.size() == 2);
        CHECK(a.locals[0].name == "tcp");
        CHECK(a.locals[1].name == "two");
        CHECK(a.loopbacks == Texts{"mirror"});
    }

    TEST_CASE("a local terminal without an address names the default Unix socket") {
        const MachineConfig a = *valid(text_of_a("    terminals:\n"
                                                 "      - {name: two, type: local, address: "
                                                 "'unix:///tmp/two.sock'}\n"
                                                 "      - {name: services, type: local}\n"))
                                     .find("a");
        CHECK_FALSE(a.socket);
        CHECK(a.socket_name == "services");
        REQUIRE(a.locals.size() == 1);
        CHECK(a.locals[0].name == "two");
    }

    TEST_CASE("a link needs an address at one of its ends only") {
        const Deployment deployment = valid(
            "machines:\n  a: {terminals: [{name: to-b, type: network, cost: 65534}]}\n"
            "  b: {terminals: [{name: to-a, type: network, address: '10.0.0.1:1'}]}\n");
        CHECK_FALSE(deployment.find("a")->links[0].has_address);
        CHECK(deployment.find("a")->router.links[0].cost == 65534);
        CHECK(texts(deployment.find("a")->listen) == Texts{"10.0.0.1:1"});
    }

    TEST_CASE("listeners beyond loopback are named, whether inferred, configured or local") {
        CHECK(texts(insecure_listeners(*valid(document).find("machine-a"))) ==
              Texts{"10.0.0.1:9001", "10.0.0.1:9002"});
        const MachineConfig a =
            *valid(text_of_a("    listen: ['127.0.0.1:1', '[::1]:1', '0.0.0.0:2', 'gpu-box:3']\n"
                             "    terminals: [{name: x, type: local, address: '10.0.0.1:4'},"
                             "{name: y, type: local, address: '127.0.0.1:5'},"
                             "{name: z, type: local, address: 'unix:///tmp/z.sock'}]\n"))
                 .find("a");
        CHECK(texts(insecure_listeners(a)) == Texts{"0.0.0.0:2", "gpu-box:3", "10.0.0.1:4"});
    }

    TEST_CASE("a local terminal on a WebSocket lists the origins whose pages may connect") {
        const MachineConfig a =
            *valid(text_of_a("    security: {certificates: certs}\n"
                             "    listen: 'ws://127.0.0.1:1'\n"
                             "    terminals: [{name: x, type: local, address: "
                             "'ws://127.0.0.1:4/mesh', origins: ['https://app.example:8443', '*', "
                             "'null']},"
                             "{name: y, type: local, address: 'wss://10.0.0.1:5'},"
                             "{name: z, type: local, address: 'ws://10.0.0.1:6'}]\n"))
                 .find("a");
        CHECK(texts(a.listen) == Texts{"ws://127.0.0.1:1/"});
        REQUIRE(a.locals.size() == 3);
        CHECK(a.locals[0].address.text() == "ws://127.0.0.1:4/mesh");
        CHECK(a.locals[0].origins == Texts{"https://app.example:8443", "*", "null"});
        CHECK(a.locals[1].origins.empty());
        CHECK(texts(insecure_listeners(a)) == Texts{"ws://10.0.0.1:6/"});
    }

    TEST_CASE("with `network: tls` an address between machines is one of TLS unless it says more") {
        const Deployment deployment = valid(
            "security: {certificates: certs, network: tls}\n"
            "limits: {handshakes: 7, handshakes_per_address: 3, handshake_timeout: 2s}\n"
            "machines:\n"
            "  a:\n"
            "    listen: ['10.0.0.1:1', 'tcp://10.0.0.1:2', 'tls://10.0.0.1:3']\n"
            "    terminals:\n"
            "      - {name: to-b, type: network, address: '10.0.0.2:1'}\n"
            "      - {name: x, type: local, address: '10.0.0.1:4'}\n"
            "  b:\n"
            "    security: {ca: c.pem, certificate: /etc/b.pem, key: b.key}\n"
            "  c:\n"
            "    security: {network: tcp}\n"
            "    terminals: [{name: to-a, type: network, address: '10.0.0.1:2'}]\n");
        const MachineConfig& a = *deployment.find("a");
        CHECK(texts(a.listen) == Texts{"tls://10.0.0.1:1", "10.0.0.1:2", "tls://10.0.0.1:3"});
        CHECK(a.links[0].address.text() == "tls://10.0.0.2:1");
        CHECK(texts(deployment.find("b")->listen) == Texts{"tls://10.0.0.2:1"});
        CHECK(deployment.find("c")->links[0].address.text() == "10.0.0.1:2");
        CHECK(texts(insecure_listeners(a)) == Texts{"10.0.0.1:2", "10.0.0.1:4"});
        CHECK(insecure_listeners(*deployment.find("b")).empty());
        CHECK(uses_tls(a));
        CHECK(uses_tls(*deployment.find("b")));
        CHECK_FALSE(uses_tls(*deployment.find("c")));
        CHECK(a.security.certificates == "certs");
        CHECK(deployment.find("b")->security.key == "b.key");
        CHECK(a.handshakes == HandshakeBounds{7, 3, std::chrono::seconds(2)});
    }

    TEST_CASE("aliases share what machines have in common") {
        const Deployment deployment =
            valid("machines:\n  a: {services: &all [x, y]}\n  b: {services: *all}\n");
        CHECK(deployment.find("b")->router.services.size() == 2);
    }
}

}  // namespace jetway::config
