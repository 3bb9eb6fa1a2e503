// Envelopes obey the policy of their service.
#include "envelope/attach.h"
#include "tests/router/asking.h"

namespace jetway::router::testing {

namespace {

using Json = nlohmann::json;

// a ─ b ─ c, an instance of `gpu` at each, and askers at a.
struct Three {
    Mesh mesh;
    std::map<std::string, Peer*> servers;
    Peer* asker = nullptr;
    std::uint64_t next_id = 1;

    explicit Three(const std::string& policy, const std::function<void(Options&)>& change = {}) {
        mesh.add("a", {"b"}, change);
        mesh.add("b", {"c"});
        mesh.add("c");
        mesh.wait(seconds(1));
        for (const std::string at : {"a", "b", "c"}) {
            servers[at] = &mesh.service(at, {"gpu"});
        }
        asker = &mesh.service("a");
        mesh.wait(milliseconds(100));
        set(policy);
    }

    void set(const std::string& policy) {
        const Json answer =
            testing::ask(mesh, "b", asking("policy", {{"service", "gpu"}, {"policy", policy}}));
        REQUIRE_FALSE(answer.contains("code"));
        mesh.wait(milliseconds(50));
        REQUIRE(mesh["a"].policy_of("gpu").text() == policy);
    }

    // A request, and the machine that it came to; "" when none did.
    std::string ask(const std::string& user = {}, Peer* from = nullptr) {
        Bytes headers;
        envelope::Packer(headers).map(1).text("user").text(user);
        const Bytes id = number(next_id++);
        const Bytes data = text("x");
        envelope::EnvelopeFields fields;
        fields.destination = "gpu";
        fields.id = id;
        fields.data = data;
        fields.headers = user.empty() ? ByteView() : ByteView(headers);
        (from != nullptr ? from : asker)->send(fields);
        mesh.run();
        std::string at;
        for (const auto& [machine, server] : servers) {
            for (const Got& got : server->envelopes()) {
                CHECK(at.empty());
                at = machine;
                last_ = got;
            }
        }
        return at;
    }

    // The server answers the last request, or another one.
    void answer(const std::string& at) { answer(at, last_); }
    void answer(const std::string& at, const Got& request) {
        const envelope::EnvelopeView view = request.view();
        const Bytes id(view.id.begin(), view.id.end());
        const std::string to(view.answer_to());
        envelope::EnvelopeFields fields;
        fields.destination = to;
        fields.in_reply_to = id;
        servers[at]->send(fields);
        mesh.run();
    }
    const Got& last() const { return last_; }

    std::map<std::string, double> shares(std::size_t times, const std::string& prefix = {}) {
        std::map<std::string, double> counts;
        for (std::size_t i = 0; i < times; ++i) {
            counts[ask(prefix.empty() ? prefix : prefix + std::to_string(i))] +=
                1.0 / static_cast<double>(times);
        }
        asker->envelopes();
        return counts;
    }

    std::size_t in_flight(const std::string& at) { return mesh[at].forwarder().in_flight().size(); }

    Json explain(const std::string& header = {}) {
        const ControlRequest request =
            asking("explain", {{"destination", "gpu"}, {"header", header}});
        return Json::from_msgpack(*mesh["a"].ask(request, {}, mesh.now));
    }

private:
    Got last_;
};

void check_share(double share, double expected) {
    INFO("share ", share, ", expected ", expected);
    CHECK(share > expected * 0.95);
    CHECK(share < expected * 1.05);
}

}  // namespace

TEST_SUITE("router.policy") {
    TEST_CASE("nearest, the default, stays at the nearest instance") {
        Three three("nearest");
        CHECK(three.shares(100) == std::map<std::string, double>{{"a", three.shares(100)["a"]}});
        CHECK(three.explain()["policy"] == "nearest");
    }

    TEST_CASE("round-robin and random give every machine its share, however far it is") {
        for (const std::string policy : {"round-robin", "random"}) {
            INFO(policy);
            Three three(policy);
            for (const auto& [machine, share] : three.shares(10'000)) {
                INFO(machine);
                check_share(share, 1.0 / 3);
            }
        }
    }

    TEST_CASE("round-robin counts instances, not machines") {
        Three three("round-robin");
        three.mesh.service("c", {"gpu"});
        three.mesh.wait(milliseconds(100));
        std::map<std::string, double> shares = three.shares(1'000);
        check_share(shares["a"], 0.25);
        check_share(shares["b"], 0.25);
        check_share(shares["c"], 0.25);  // of the first one there; the other isn't asked here
    }

    TEST_CASE("weighted gives shares as the weights say") {
        Three three("weighted");
        envelope::ServiceEntry heavy{.name = "gpu", .capabilities = {}, .version = {}, .weight = 6};
        Bytes body;
        envelope::append_attach(body, {heavy});
        three.servers["c"]->say(Kind::attach, body);
        three.mesh.wait(milliseconds(100));
        std::map<std::string, double> shares = three.shares(800);
        check_share(shares["a"], 1.0 / 8);
        check_share(shares["b"], 1.0 / 8);
        check_share(shares["c"], 6.0 / 8);
    }

    TEST_CASE("sticky by a header: a user stays, and when an instance leaves only its users move") {
        Three three("sticky header:user");
        std::map<std::string, std::string> before;
        for (int i = 0; i < 300; ++i) {
            const std::string user = "u" + std::to_string(i);
            before[user] = three.ask(user);
            CHECK(three.ask(user) == before[user]);
        }
        Peer& other = three.mesh.service("b");  // asks at another router
        for (int i = 0; i < 300; ++i) {
            const std::string user = "u" + std::to_string(i);
            CHECK(three.ask(user, &other) == before[user]);
        }
        three.servers["c"]->detach({"gpu"});
        three.mesh.wait(milliseconds(100));
        int moved = 0;
        for (const auto& [user, machine] : before) {
            const std::string now = three.ask(user);
            moved += now != machine ? 1 : 0;
            CHECK((machine == "c" ? now != "c" : now == machine));
        }
        CHECK(moved > 60);
        CHECK(moved < 140);
    }

    TEST_CASE("sticky by the source: each connection stays with its instance") {
        Three three("sticky source");
        std::map<std::string, int> used;
        for (int i = 0; i < 40; ++i) {
            Peer& from = three.mesh.service("a");
            const std::string first = three.ask({}, &from);
            ++used[first];
            for (int again = 0; again < 5; ++again) {
                CHECK(three.ask({}, &from) == first);
            }
        }
        CHECK(used.size() == 3);
    }

    TEST_CASE("sticky among one machine's instances agrees with the router that chose it") {
        Three three("sticky header:user");
        three.servers["c2"] = &three.mesh.service("c", {"gpu"});
        three.mesh.wait(milliseconds(100));
        std::map<std::string, int> used;
        for (int i = 0; i < 200; ++i) {
            const std::string user = "u" + std::to_string(i);
            const std::string first = three.ask(user);
            ++used[first];
            CHECK(three.ask(user) == first);
        }
        CHECK(used.size() == 4);
    }

    TEST_CASE("what has no key takes turns") {
        Three three("sticky header:user");
        CHECK(three.shares(300).size() == 3);
    }

    TEST_CASE("least-conn goes where the fewest requests wait for their answers") {
        Three three("least-conn");
        std::map<std::string, int> counts;
        for (int i = 0; i < 300; ++i) {
            const std::string at = three.ask();
            ++counts[at];
            if (at != "a") {  // a never answers
                three.answer(at);
                CHECK(three.asker->envelopes().size() == 1);
            }
        }
        CHECK(counts["a"] <= 1);
        CHECK(counts["b"] > 140);
        CHECK(counts["c"] > 140);
        CHECK(three.in_flight("a") == static_cast<std::size_t>(counts["a"]));
        CHECK(three.in_flight("c") == 0);
    }

    TEST_CASE("least-conn evens out requests that are never answered, until they are forgotten") {
        Three three("least-conn");
        std::map<std::string, double> shares = three.shares(300);
        for (const auto& [machine, share] : shares) {
            check_share(share, 1.0 / 3);
        }
        CHECK(three.in_flight("a") == 300);
        CHECK(three.in_flight("b") == 100);
        three.mesh.wait(seconds(31));
        CHECK(three.in_flight("a") == 0);
        CHECK(three.in_flight("b") == 0);
    }

    TEST_CASE("a refusal and an error end a request as an answer does") {
        Three three("least-conn");
        while (three.ask() != "c") {
        }
        const std::size_t before = three.in_flight("a");
        three.servers["c"]->hang_up();
        three.mesh.run();
        // Under way to c, whose last instance is gone by now.
        three.mesh.wait(milliseconds(100));
        const Bytes id = number(999);
        envelope::EnvelopeFields fields;
        fields.destination = "gpu@c";
        fields.id = id;
        three.asker->send(fields);
        three.mesh.run();
        CHECK(three.in_flight("a") == before);
    }

    TEST_CASE("what asks for no answer isn't in flight") {
        Three three("least-conn");
        envelope::EnvelopeFields fields;
        fields.destination = "gpu";
        three.asker->send(fields);
        three.mesh.run();
        CHECK(three.in_flight("a") == 0);
    }

    TEST_CASE("no more than 65,536 requests are counted as in flight") {
        InFlight in_flight;
        const auto service = std::make_shared<ServiceBalance>(balance::Policy{}, base::Random(1));
        const base::Instant start{};
        for (std::uint64_t i = 0; i < InFlight::most + 10; ++i) {
            in_flight.began("client-1@a", number(i), service, "b", 0, start + seconds(30));
        }
        CHECK(in_flight.size() == InFlight::most);
        CHECK(in_flight.uncounted() == 10);
        CHECK(service->loads.of(std::string_view("b")) == InFlight::most);
        in_flight.ended("client-1@a", number(3));
        in_flight.ended("client-1@a", number(3));
        in_flight.ended("client-2@a", number(4));
        CHECK(in_flight.size() == InFlight::most - 1);
        in_flight.began("client-1@a", number(4), service, "c", 7, start + seconds(30));
        CHECK(service->loads.of(std::string_view("b")) == InFlight::most - 2);
        CHECK(service->loads.of(TerminalId{7}) == 1);
        in_flight.on_deadline(start + seconds(30) - base::Duration(1));
        CHECK_FALSE(in_flight.empty());
        in_flight.on_deadline(start + seconds(30));
        CHECK(in_flight.empty());
        CHECK(service->loads.of(std::string_view("b")) == 0);
        CHECK(service->loads.of(TerminalId{7}) == 0);
    }

    TEST_CASE("what drains, is gone or can't be reached isn't chosen by any policy") {
        for (const std::string policy :
             {"round-robin", "least-conn", "random", "weighted", "sticky header:user"}) {
            INFO(policy);
            Three three(policy);
            three.servers["a"]->detach({"gpu"});
            three.mesh.cut("b", "c");
            three.mesh.wait(seconds(3));
            three.mesh["a"].policy_of("gpu");
            const std::map<std::string, double> shares = three.shares(50, "u");
            CHECK(shares.size() == 1);
            CHECK(shares.contains("b"));
            three.servers["b"]->detach({"gpu"});
            three.mesh.wait(milliseconds(100));
            CHECK(three.ask("u1").empty());
        }
    }

    TEST_CASE("an instance that leaves while a request is on its way to it: another one has it") {
        for (const std::string policy : {"round-robin", "least-conn", "weighted"}) {
            INFO(policy);
            Three three(policy);
            three.mesh.before_step = {};
            for (int i = 0; i < 3; ++i) {
                CHECK_FALSE(three.ask().empty());
            }
            three.servers["c"]->detach({"gpu"});  // its router knows, the asker's doesn't yet
            int answered = 0;
            for (int i = 0; i < 30; ++i) {
                answered += three.ask().empty() ? 0 : 1;
            }
            CHECK(answered == 30);
        }
    }

    TEST_CASE("explain says which policy chose, and why the others were not") {
        Three three("least-conn");
        three.ask();
        Json answer = three.explain();
        CHECK(answer["policy"] == "least-conn");
        std::map<std::string, int> reasons;
        for (const Json& candidate : answer["candidates"]) {
            ++reasons[candidate["reason"].get<std::string>()];
        }
        CHECK(reasons ==
              std::map<std::string, int>{{"busier", 1}, {"least-conn", 1}, {"not its turn", 1}});
        three.set("sticky header:user");
        for (int i = 0; i < 30; ++i) {
            const std::string user = "u" + std::to_string(i);
            answer = three.explain("user=" + user);
            CHECK(answer["boundTo"] == three.ask(user));
        }
        for (const Json& candidate : answer["candidates"]) {
            CHECK(
                candidate["reason"] ==
                (candidate["chosen"].get<bool>() ? "sticky header:user" : "the key is another's"));
        }
    }
}

}  // namespace jetway::router::testing
