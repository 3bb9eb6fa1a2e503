#include "console/reconcile.h"

#include <doctest/doctest.h>

namespace jetway::console {

namespace {

using envelope::Json;

// As it comes from a router: numbers are unsigned.
std::vector<Json> read(const std::vector<Json>& answers) {
    std::vector<Json> read;
    for (const Json& answer : answers) {
        read.push_back(Json::parse(answer.dump()));
    }
    return read;
}

Reconciled both_times(const std::vector<Json>& answers) {
    return reconcile(read(answers), read(answers));
}

// Two routers that agree: a has sent b 10 and received 4, one of its services asked and is asked.
std::vector<Json> books() {
    const auto router = [](const std::string& machine, const std::string& peer, std::uint64_t sent,
                           std::uint64_t received, std::uint64_t from_here,
                           std::uint64_t delivered) {
        Json answer;
        answer["machineId"] = machine;
        answer["counters"] = {{"received", received + from_here},
                              {"originated", 1},
                              {"returned", 0},
                              {"forwarded", sent},
                              {"delivered", delivered + 2},
                              {"waiting", received + from_here + 1 - sent - delivered - 3}};
        answer["counters"]["refused"]["no-route"] = 1;
        Json& link = answer["links"].emplace_back();
        link = {{"machineId", peer},    {"session", "0102"},    {"sent", sent},
                {"acknowledged", sent}, {"received", received}, {"queuedBytes", 0}};
        Json& terminal = answer["terminals"].emplace_back();
        terminal = {{"sent", from_here}, {"delivered", delivered}};
        answer["gone"] = {{"received", 0}, {"sent", 0}, {"delivered", 0}};
        answer["taken"] = 1;
        answer["reflected"] = 1;
        Json& service = answer["services"].emplace_back();
        service = {
            {"name", "web"}, {"delivered", delivered}, {"sent", from_here}, {"queuedBytes", 0}};
        service["refused"]["no-route"] = 1;
        return answer;
    };
    return {router("a", "b", 10, 4, 20, 2), router("b", "a", 4, 10, 20, 5)};
}

// What is said after `change` was made to both rounds.
std::vector<std::string> faults(const std::function<void(Json& a, Json& b)>& change) {
    std::vector<Json> answers = books();
    change(answers[0], answers[1]);
    return both_times(answers).faults;
}

bool names(const std::vector<std::string>& faults, const std::string& text) {
    return faults.size() == 1 && faults[0].find(text) != std::string::npos;
}

}  // namespace

TEST_SUITE("console.reconcile") {
    TEST_CASE("books that agree have no fault, and every link and service its row") {
        const Reconciled result = both_times(books());
        for (const std::string& fault : result.faults) {
            FAIL_CHECK(fault);
        }
        REQUIRE(result.links.size() == 2);
        CHECK(result.links[0].from == "a");
        CHECK(result.links[0].sent == 10);
        CHECK(result.links[0].received == 10);
        REQUIRE(result.services.size() == 2);
        CHECK(result.services[0].refused == "no-route 1");
    }

    TEST_CASE("a falsified number is found, and its link or router named") {
        CHECK(names(faults([](Json& a, Json&) { a["counters"]["waiting"] = 0; }),
                    "router a: it took 25"));
        CHECK(names(faults([](Json&, Json& b) {
                        b["links"][0]["received"] = 15;
                        b["counters"]["received"] = 35;
                        b["counters"]["originated"] = 0;
                        b["counters"]["waiting"] = 0;
                        b["counters"]["delivered"] = 7;
                        b["counters"]["refused"]["no-route"] = 24;
                    }),
                    "link a → b: b counts 15 received, but a has sent 10: 5 too many"));
        CHECK(names(faults([](Json&, Json& b) {
                        b["links"][0]["received"] = 8;
                        b["gone"]["received"] = 2;
                    }),
                    "link a → b: b acknowledged 10, but counts 8 received: 2 are missing"));
        CHECK(names(faults([](Json&, Json& b) { b["terminals"][0]["delivered"] = 4; }),
                    "router b: it counts as delivered 7"));
        CHECK(names(faults([](Json&, Json& b) { b["terminals"][0]["sent"] = 19; }),
                    "router b: it counts as received 30"));
        CHECK(names(faults([](Json& a, Json&) { a["gone"]["sent"] = 3; }),
                    "router a: it counts as forwarded 10"));
    }

    TEST_CASE("what is under way while it is asked is no fault") {
        std::vector<Json> first = books();
        std::vector<Json> second = books();
        const auto grow = [](Json& router, const char* key, const char* other, std::uint64_t by) {
            router["links"][0][key] = router["links"][0][key].get<std::uint64_t>() + by;
            router["counters"][other] = router["counters"][other].get<std::uint64_t>() + by;
        };
        grow(second[0], "sent", "forwarded", 7);  // which the others hadn't when they were asked
        second[0]["counters"]["originated"] = 8;
        const Reconciled result = reconcile(read(first), read(second));
        for (const std::string& fault : result.faults) {
            FAIL_CHECK(fault);
        }
        CHECK(result.links[0].on_its_way == 7);
    }

    TEST_CASE("another session, or an end that didn't answer, is not compared") {
        std::vector<Json> answers = books();
        answers[1]["links"][0]["session"] = "0304";
        answers[1]["links"][0]["received"] = 9;
        answers[1]["gone"]["received"] = 1;
        CHECK(both_times(answers).faults == std::vector<std::string>{});
        CHECK_FALSE(both_times(answers).links[0].known);
        answers.pop_back();
        CHECK(both_times(answers).faults == std::vector<std::string>{});
    }
}

}  // namespace jetway::console
