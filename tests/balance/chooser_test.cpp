#include "balance/chooser.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

using namespace jetway;
using balance::Candidate;
using balance::Chooser;

namespace {

constexpr std::size_t many = 10'000;

Chooser chooser(std::string_view policy, std::uint64_t seed = 1) {
    return {*balance::parse_policy(policy), base::Random(seed)};
}

std::vector<Candidate> candidates(std::size_t count) {
    std::vector<Candidate> all(count);
    for (std::size_t i = 0; i < count; ++i) {
        all[i].id = balance::instance_id("machine-" + std::to_string(i), "1");
    }
    return all;
}

// How often each index is chosen among so many.
std::vector<double> shares(Chooser& by, const std::vector<Candidate>& among,
                           std::size_t times = many) {
    std::vector<double> counts(among.size());
    for (std::size_t i = 0; i < times; ++i) {
        const auto chosen = by.choose(among, "key-" + std::to_string(i));
        REQUIRE(chosen.has_value());
        REQUIRE(among[*chosen].usable);
        counts[*chosen] += 1;
    }
    for (double& count : counts) {
        count /= static_cast<double>(times);
    }
    return counts;
}

void check_share(double share, double expected) {
    INFO("share ", share, ", expected ", expected);
    CHECK(share > expected * 0.95);
    CHECK(share < expected * 1.05);
}

const std::vector<std::string> all_policies = {"round-robin", "least-conn", "random",
                                               "weighted",    "nearest",    "sticky source"};

}  // namespace

TEST_SUITE("balance.chooser") {
    TEST_CASE("among equals every policy gives each the same share, within 5 % of 10,000") {
        for (const std::string& policy : all_policies) {
            for (const std::size_t count : {1U, 2U, 3U, 4U}) {
                INFO(policy, " among ", count);
                Chooser by = chooser(policy, 3);
                for (const double share : shares(by, candidates(count))) {
                    check_share(share, 1.0 / static_cast<double>(count));
                }
            }
        }
    }

    TEST_CASE("with nothing usable none is chosen, and never what can't be used") {
        for (const std::string& policy : all_policies) {
            INFO(policy);
            Chooser by = chooser(policy);
            CHECK_FALSE(by.choose({}, "k").has_value());
            std::vector<Candidate> among = candidates(4);
            among[1].usable = false;
            among[2].usable = false;
            CHECK(shares(by, among, 400)[1] == 0);
            CHECK(shares(by, among, 400)[3] > 0);
            for (Candidate& candidate : among) {
                candidate.usable = false;
            }
            CHECK_FALSE(by.choose(among, "k").has_value());
        }
    }

    TEST_CASE("peek changes nothing, and choose does what it said") {
        for (const std::string& policy : all_policies) {
            INFO(policy);
            Chooser by = chooser(policy, 9);
            const std::vector<Candidate> among = candidates(5);
            for (std::size_t i = 0; i < 200; ++i) {
                const std::string key = std::to_string(i);
                const auto said = by.peek(among, key);
                CHECK(by.peek(among, key) == said);
                CHECK(by.choose(among, key) == said);
            }
        }
    }

    TEST_CASE("round-robin serves everybody before anybody twice, in whatever order they stand") {
        Chooser by = chooser("round-robin");
        std::vector<Candidate> among = candidates(7);
        for (int round = 0; round < 10; ++round) {
            std::map<std::uint64_t, int> served;
            for (std::size_t i = 0; i < among.size(); ++i) {
                const auto chosen = by.choose(among, {});
                ++served[among[*chosen].id];
                std::reverse(among.begin(), among.end());
            }
            CHECK(served.size() == among.size());
        }
    }

    TEST_CASE("round-robin goes on where it was when one leaves and one comes") {
        Chooser by = chooser("round-robin");
        std::vector<Candidate> among = {{.id = 10}, {.id = 20}, {.id = 30}};
        CHECK(among[*by.choose(among, {})].id == 10);
        among.erase(among.begin() + 1);
        CHECK(among[*by.choose(among, {})].id == 30);
        among.push_back({.id = 15});
        CHECK(among[*by.choose(among, {})].id == 10);
        CHECK(among[*by.choose(among, {})].id == 15);
    }

    TEST_CASE("least-conn takes the least busy, and those equally busy in turn") {
        Chooser by = chooser("least-conn");
        std::vector<Candidate> among = candidates(3);
        among[0].load = 5;
        among[1].load = 2;
        among[2].load = 2;
        const std::vector<double> share = shares(by, among);
        CHECK(share[0] == 0);
        check_share(share[1], 0.5);
        check_share(share[2], 0.5);
    }

    TEST_CASE("least-conn evens out what stays busy longer") {
        // Requests at the first last three times as long: it has as many in flight, and a share
        // accordingly smaller.
        Chooser by = chooser("least-conn");
        std::vector<Candidate> among = candidates(3);
        std::vector<std::vector<std::size_t>> ends(3);
        std::vector<double> served(3);
        for (std::size_t now = 0; now < many; ++now) {
            for (std::size_t i = 0; i < 3; ++i) {
                std::erase_if(ends[i], [now](std::size_t end) { return end <= now; });
                among[i].load = ends[i].size();
            }
            const std::size_t chosen = *by.choose(among, {});
            served[chosen] += 1;
            ends[chosen].push_back(now + (chosen == 0 ? 60 : 20));
        }
        CHECK(served[0] < served[1] / 2);
        CHECK(served[0] > served[1] / 4);
        check_share(served[1] / (served[1] + served[2]), 0.5);
    }

    TEST_CASE("weighted gives shares as the weights say, and mixes them") {
        Chooser by = chooser("weighted");
        std::vector<Candidate> among = candidates(3);
        among[0].weight = 5;
        among[1].weight = 1;
        among[2].weight = 2;
        const std::vector<double> share = shares(by, among);
        check_share(share[0], 5.0 / 8);
        check_share(share[1], 1.0 / 8);
        check_share(share[2], 2.0 / 8);
        std::size_t run = 0;
        std::size_t longest = 0;
        for (std::size_t i = 0; i < 800; ++i) {
            run = *by.choose(among, {}) == 0 ? run + 1 : 0;
            longest = std::max(longest, run);
        }
        CHECK(longest <= 3);
    }

    TEST_CASE("weighted keeps its shares while one comes and goes") {
        Chooser by = chooser("weighted");
        std::vector<Candidate> among = candidates(3);
        among[0].weight = 3;
        std::vector<double> served(3);
        for (std::size_t i = 0; i < many; ++i) {
            among[2].usable = i % 2 == 0;
            served[*by.choose(among, {})] += 1;
        }
        check_share(served[0] / (served[0] + served[1]), 0.75);
    }

    TEST_CASE("the greatest weights don't overflow") {
        Chooser by = chooser("weighted");
        std::vector<Candidate> among = candidates(100);
        for (Candidate& candidate : among) {
            candidate.weight = 65'535;
        }
        for (const double share : shares(by, among)) {
            check_share(share, 0.01);
        }
    }

    TEST_CASE("nearest takes the least cost, those at it in turn, and the next when they are out") {
        Chooser by = chooser("nearest");
        std::vector<Candidate> among = candidates(4);
        among[0].cost = 2;
        among[1].cost = 1;
        among[2].cost = 1;
        among[3].cost = 9;
        std::vector<double> share = shares(by, among);
        check_share(share[1], 0.5);
        check_share(share[2], 0.5);
        among[1].usable = false;
        among[2].usable = false;
        CHECK(shares(by, among, 100)[0] == 1);
    }

    TEST_CASE("sticky gives a key the same instance, whatever the order and at every router") {
        Chooser here = chooser("sticky source", 1);
        Chooser there = chooser("sticky source", 2);
        std::vector<Candidate> among = candidates(5);
        std::vector<Candidate> reversed(among.rbegin(), among.rend());
        for (std::size_t i = 0; i < 1000; ++i) {
            const std::string key = "client-" + std::to_string(i);
            const std::uint64_t id = among[*here.choose(among, key)].id;
            CHECK(among[*here.choose(among, key)].id == id);
            CHECK(reversed[*there.choose(reversed, key)].id == id);
        }
    }

    TEST_CASE("when an instance leaves, sticky moves its own keys and nobody else's") {
        Chooser by = chooser("sticky source");
        const std::vector<Candidate> before = candidates(5);
        for (std::size_t leaver = 0; leaver < before.size(); ++leaver) {
            std::vector<Candidate> after = before;
            after.erase(after.begin() + static_cast<std::ptrdiff_t>(leaver));
            std::vector<double> inherited(before.size());
            std::size_t moved = 0;
            for (std::size_t i = 0; i < many; ++i) {
                const std::string key = "client-" + std::to_string(i);
                const std::uint64_t was = before[*by.choose(before, key)].id;
                const std::uint64_t is = after[*by.choose(after, key)].id;
                if (was != is) {
                    CHECK(was == before[leaver].id);
                    ++moved;
                }
            }
            CHECK(moved > many / 5 * 19 / 20);
            CHECK(moved < many / 5 * 21 / 20);
        }
    }

    TEST_CASE("an instance that is out for a while gets its own keys back") {
        Chooser by = chooser("sticky source");
        std::vector<Candidate> among = candidates(4);
        std::vector<std::size_t> before;
        for (std::size_t i = 0; i < 1000; ++i) {
            before.push_back(*by.choose(among, std::to_string(i)));
        }
        among[2].usable = false;
        for (std::size_t i = 0; i < 1000; ++i) {
            const std::size_t now = *by.choose(among, std::to_string(i));
            CHECK((before[i] == 2 ? now != 2 : now == before[i]));
        }
        among[2].usable = true;
        for (std::size_t i = 0; i < 1000; ++i) {
            CHECK(*by.choose(among, std::to_string(i)) == before[i]);
        }
    }

    TEST_CASE("sticky gives shares of the keys as the weights say") {
        Chooser by = chooser("sticky source");
        std::vector<Candidate> among = candidates(3);
        among[1].weight = 2;
        const std::vector<double> share = shares(by, among, 100'000);
        check_share(share[0], 0.25);
        check_share(share[1], 0.5);
        check_share(share[2], 0.25);
    }

    TEST_CASE("sticky without a key takes turns") {
        Chooser by = chooser("sticky header:user");
        const std::vector<Candidate> among = candidates(4);
        std::map<std::size_t, int> served;
        for (int i = 0; i < 400; ++i) {
            ++served[*by.choose(among, {})];
        }
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(served[i] == 100);
        }
    }

    TEST_CASE("a policy can be changed at any time") {
        Chooser by = chooser("round-robin");
        std::vector<Candidate> among = candidates(3);
        among[1].weight = 8;
        by.choose(among, {});
        by.set_policy(*balance::parse_policy("weighted"));
        check_share(shares(by, among)[1], 0.8);
        by.set_policy(*balance::parse_policy("round-robin"));
        check_share(shares(by, among)[1], 1.0 / 3);
    }

    TEST_CASE("an instance's id depends on both its parts, and on nothing else") {
        CHECK(balance::instance_id("a", "1") == balance::instance_id("a", "1"));
        CHECK(balance::instance_id("a", "1") != balance::instance_id("a", "2"));
        CHECK(balance::instance_id("a", "1") != balance::instance_id("b", "1"));
        CHECK(balance::instance_id("a", "b") != balance::instance_id("b", "a"));
        CHECK(balance::instance_id("ab", "c") != balance::instance_id("a", "bc"));
    }
}
