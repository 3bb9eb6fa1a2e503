#include "balance/policy.h"

#include <doctest/doctest.h>

using namespace jetway;
using balance::parse_policy;
using balance::Policy;

TEST_SUITE("balance.policy") {
    TEST_CASE("each policy is written as it is read") {
        for (const std::string text : {"round-robin", "least-conn", "random", "weighted", "nearest",
                                       "sticky uname", "sticky source", "sticky header:user-id"}) {
            INFO(text);
            const auto policy = parse_policy(text);
            REQUIRE(policy.has_value());
            CHECK(policy->text() == text);
        }
        CHECK(parse_policy("sticky header:user-id")->header == "user-id");
        CHECK(parse_policy("sticky source")->key == Policy::Key::source);
        CHECK(parse_policy("  sticky   uname ")->text() == "sticky uname");
    }

    TEST_CASE("the longest one fits into a catalog") {
        const std::string longest = "sticky header:" + std::string(128, 'h');
        REQUIRE(parse_policy(longest).has_value());
        CHECK(parse_policy(longest)->text().size() <= 192);
        CHECK_FALSE(parse_policy(longest + "h").has_value());
    }

    TEST_CASE("anything else is refused with the policies there are") {
        for (const std::string text : {"", " ", "fastest", "Nearest", "nearest 2", "sticky",
                                       "sticky key", "sticky header:", "sticky uname source",
                                       "sticky header:a b", "weighted\t", "sticky header:\x01"}) {
            INFO(text);
            const auto policy = parse_policy(text);
            REQUIRE_FALSE(policy.has_value());
            CHECK(policy.error().code == "EINVAL");
            CHECK(policy.error().detail.find("least-conn") != std::string::npos);
        }
    }
}
