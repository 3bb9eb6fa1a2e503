// Who may do what: for each rule something that it allows and something that it refuses.
#include "router/permissions.h"

#include <nlohmann/json.hpp>

#include "tests/router/mesh.h"

namespace jetway::router::testing {

namespace {

Arrival tcp(const std::string& terminal = "apps") {
    return {.by = Entry::local_listener, .peer_address = "peer", .terminal = terminal};
}

Arrival unix_user(std::uint32_t uid, std::uint32_t gid = 100,
                  std::vector<std::uint32_t> groups = {}) {
    Arrival arrival = tcp();
    arrival.user = SystemUser{uid, gid, std::move(groups)};
    return arrival;
}

Bytes hello(const std::vector<std::string>& names, const std::string& token = "") {
    envelope::Hello said;
    said.protocol = {1};
    said.services = services(names);
    said.token = token;
    Bytes body;
    envelope::append_hello(body, said);
    return body;
}

std::function<void(Options&)> rules(TerminalRules rules) {
    return [rules](Options& options) { options.locals = {{"apps", rules}}; };
}

// The GOODBYE's code that a HELLO is answered with at a router with that rule; empty: welcome.
std::string answer(const TerminalRules& rule, Arrival arrival, const Bytes& said) {
    Mesh mesh;
    mesh.add("a", {}, rules(rule));
    Peer& peer = mesh.connect("a", std::move(arrival));
    peer.say(Kind::hello, said);
    const std::string code = peer.goodbye();
    CHECK(peer.take(Kind::hello).size() == (code.empty() ? 1 : 0));
    return code;
}

// A greeted service at the terminal with the rules.
Peer& greeted(Mesh& mesh, const std::vector<std::string>& names = {}) {
    Peer& peer = mesh.connect("a", tcp());
    peer.say(Kind::hello, hello(names));
    CHECK(peer.take(Kind::hello).size() == 1);
    return peer;
}

}  // namespace

TEST_SUITE("router.permissions") {
    TEST_CASE(
        "a terminal with a token lets in who gives it, and says no more than that to others") {
        TerminalRules rule;
        rule.token = "SECRET";
        CHECK(answer(rule, tcp(), hello({}, "SECRET")).empty());
        CHECK(answer(rule, tcp(), hello({}, "SECRETS")) == "forbidden");
        CHECK(answer(rule, tcp(), hello({})) == "forbidden");
        CHECK(*why_not_connect(rule, tcp(), "") == *why_not_connect(rule, tcp(), "wrong"));
        CHECK(answer(rule, tcp("other"), hello({})).empty());  // another terminal's rule
    }

    TEST_CASE("users and groups are allowed by either, and by no name they claim") {
        TerminalRules users;
        users.users = {1000};
        CHECK(answer(users, unix_user(1000), hello({})).empty());
        CHECK(answer(users, unix_user(1001), hello({})) == "forbidden");
        TerminalRules groups;
        groups.groups = {500};
        CHECK(answer(groups, unix_user(1001, 500), hello({})).empty());
        CHECK(answer(groups, unix_user(1001, 100, {7, 500}), hello({})).empty());
        CHECK(answer(groups, unix_user(500, 100, {7}), hello({})) == "forbidden");
        TerminalRules both;
        both.users = {1000};
        both.groups = {500};
        CHECK(answer(both, unix_user(1000), hello({})).empty());
        CHECK(answer(both, unix_user(1, 500), hello({})).empty());
        CHECK(answer(both, unix_user(1), hello({})) == "forbidden");
        CHECK(answer(both, tcp(), hello({})) == "forbidden");  // nobody knows who that is
    }

    TEST_CASE("a name that may not be attached refuses its HELLO, and the GOODBYE names it") {
        TerminalRules rule;
        rule.attach = {"web", "gpu-*"};
        CHECK(answer(rule, tcp(), hello({"web", "gpu-1"})).empty());
        CHECK(answer(rule, tcp(), hello({"web", "db"})) == "forbidden");
        CHECK(answer(rule, tcp(), hello({})).empty());
        rule.attach = std::vector<std::string>{};
        CHECK(answer(rule, tcp(), hello({"web"})) == "forbidden");
        CHECK(why_not_attach(rule, "web")->find("`web`") != std::string::npos);
    }

    TEST_CASE("an ATTACH with one name that may not be attached attaches none of its names") {
        Mesh mesh;
        TerminalRules rule;
        rule.attach = {"web", "gpu-*"};
        mesh.add("a", {}, rules(rule));
        Peer& peer = greeted(mesh, {"web"});
        peer.attach({"gpu-1", "db"});
        CHECK(peer.error() == "forbidden");
        Peer& asker = mesh.service("a");
        asker.send("gpu-1");
        CHECK(asker.error() == "no-route");
        peer.attach({"gpu-1"});
        asker.send("gpu-1");
        CHECK(peer.envelopes().size() == 1);
    }

    TEST_CASE("what may be sent is asked of every destination, and a refusal counts") {
        Mesh mesh;
        TerminalRules rule;
        rule.send = {"gpu-*", "*@b", "router@*"};
        mesh.add("a", {"b"}, rules(rule));
        mesh.add("b");
        Peer& gpu = mesh.service("a", {"gpu-1"});
        Peer& web = mesh.service("a", {"web"});
        Peer& far = mesh.service("b", {"web"});
        mesh.wait(milliseconds(100));
        Peer& peer = greeted(mesh);
        for (int twice = 0; twice < 2; ++twice) {  // once more from what is remembered
            peer.send("gpu-1");
            CHECK(gpu.envelopes().size() == 1);
            peer.send("web@b");
            mesh.wait(milliseconds(10));
            CHECK(far.envelopes().size() == 1);
            peer.send("web");
            CHECK(peer.error() == "forbidden");
            peer.send("web@a");
            CHECK(peer.error() == "forbidden");
            peer.send("web@*");
            CHECK(peer.error() == "forbidden");
            peer.send("echo");
            CHECK(peer.error() == "forbidden");
        }
        CHECK(web.envelopes().empty());
        CHECK(refused(mesh, Refusal::forbidden) == 8);
        peer.send("router");
        CHECK(peer.error() == "bad-envelope");  // it got there: only what it asks is no request
        peer.send("echo@b");
        mesh.wait(milliseconds(10));
        CHECK(peer.envelopes().size() == 1);
    }

    TEST_CASE("a refused send is answered to its sender, not to the replyTo it names") {
        Mesh mesh;
        TerminalRules rule;
        rule.send = {"gpu-*"};
        mesh.add("a", {}, rules(rule));
        Peer& secret = mesh.service("a", {"secret"});
        Peer& gpu = mesh.service("a", {"gpu-1"});
        Peer& peer = greeted(mesh);
        const auto ask = [&](std::string_view to) {
            const Bytes data = text("x");
            envelope::EnvelopeFields fields;
            fields.destination = to;
            fields.reply_to = "secret";
            fields.data = data;
            peer.send(fields);
        };
        ask("db");
        CHECK(peer.error() == "forbidden");
        CHECK(secret.envelopes().empty());
        ask("gpu-1");  // what a service answers there is that service's own
        CHECK(gpu.envelopes().size() == 1);
    }

    TEST_CASE("the loopback reflects only to where its sender may send") {
        Mesh mesh;
        TerminalRules rule;
        rule.send = {"echo", "gpu-*"};
        mesh.add("a", {}, rules(rule));
        Peer& secret = mesh.service("a", {"secret"});
        Peer& gpu = mesh.service("a", {"gpu-1"});
        Peer& peer = greeted(mesh);
        const auto reflect = [&](std::string_view reply_to) {
            const Bytes data = text("x");
            envelope::EnvelopeFields fields;
            fields.destination = "echo";
            fields.reply_to = reply_to;
            fields.data = data;
            peer.send(fields);
        };
        reflect("secret");
        CHECK(peer.error() == "forbidden");
        CHECK(secret.envelopes().empty());
        reflect("gpu-1");
        CHECK(gpu.envelopes().size() == 1);
        reflect("");
        CHECK(peer.envelopes().size() == 1);
    }

    TEST_CASE("a reload asks anew where the attached may send, and leaves them attached") {
        Mesh mesh;
        TerminalRules rule;
        rule.send = {"gpu-*"};
        rule.attach = {"web"};
        Router& router = mesh.add("a", {}, rules(rule));
        Peer& gpu = mesh.service("a", {"gpu-1"});
        Peer& peer = greeted(mesh, {"web"});
        peer.send("gpu-1");
        CHECK(gpu.envelopes().size() == 1);
        Options changed = router.options();
        changed.locals[0].rules.send = {"db"};
        changed.locals[0].rules.attach = {"db"};
        changed.locals[0].rules.token = "SECRET";
        router.reconfigure(changed, mesh.now);
        peer.send("gpu-1");
        CHECK(peer.error() == "forbidden");
        gpu.send("web");
        CHECK(peer.envelopes().size() == 1);
        changed.locals.clear();
        router.reconfigure(changed, mesh.now);
        peer.send("gpu-1");
        CHECK(gpu.envelopes().size() == 1);
    }

    TEST_CASE("what is part of the program asks no rule") {
        TerminalRules rule;
        rule.token = "SECRET";
        rule.attach = std::vector<std::string>{};
        Arrival within = tcp();
        within.in_process = true;
        CHECK(answer(rule, within, hello({"web"})).empty());
    }

    TEST_CASE("with strict services a machine attaches what its deployment gives it, and no more") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& options) {
            options.strict_services = std::make_shared<const gossip::ServiceLists>(
                gossip::ServiceLists{{"a", {"web"}}, {"b", {"db"}}});
        });
        mesh.service("a", {"web"});
        Peer& peer = mesh.connect("a");
        peer.say(Kind::hello, hello({"db"}));
        CHECK(peer.goodbye() == "forbidden");
    }

    TEST_CASE("only known neighbours connect where unknown ones are refused") {
        Mesh mesh;
        mesh.add("a", {}, [](Options& o) { o.known_neighbours = {{"b"}}; });
        Peer& known = mesh.connect("a", Entry::network_listener);
        known.hello_router("b");
        CHECK(known.goodbye().empty());
        Peer& unknown = mesh.connect("a", Entry::network_listener);
        unknown.hello_router("x");
        CHECK(unknown.goodbye() == "forbidden");
    }

    TEST_CASE("the router is changed by its user, root and the control group, and by no other") {
        ControlRights rights;
        rights.users = {0, 900};
        CHECK_FALSE(why_not_control(rights, unix_user(0)));
        CHECK_FALSE(why_not_control(rights, unix_user(900)));
        CHECK(why_not_control(rights, unix_user(1000, 50)));
        CHECK(why_not_control(rights, tcp()));
        rights.group = 50;
        CHECK_FALSE(why_not_control(rights, unix_user(1000, 50)));
        CHECK_FALSE(why_not_control(rights, unix_user(1000, 1, {50})));
        CHECK(why_not_control(rights, unix_user(50, 1, {2})));
        Arrival within = tcp();
        within.in_process = true;
        CHECK_FALSE(why_not_control(rights, within));
    }

    TEST_CASE("another machine changes the router only if it is named and comes over TLS") {
        ControlRights rights;
        rights.remote = {"b"};
        Arrival link{.by = Entry::network_listener, .peer_address = "peer"};
        CHECK(why_not_control_from(rights, link, "client-1@b")->find("TLS") != std::string::npos);
        link.encrypted = true;
        CHECK_FALSE(why_not_control_from(rights, link, "client-1@b"));
        CHECK(why_not_control_from(rights, link, "client-1@c")->find("admin") != std::string::npos);
        CHECK(why_not_control_from(rights, link, ""));
    }
}

}  // namespace jetway::router::testing
