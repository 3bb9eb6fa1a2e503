#include "base/near_miss.h"

#include <doctest/doctest.h>

using namespace jetway::base;

TEST_SUITE("base.near_miss") {
    TEST_CASE("the distance counts letters added, left out, replaced and swapped") {
        CHECK(edit_distance("", "", 9) == 0);
        CHECK(edit_distance("", "abc", 9) == 3);
        CHECK(edit_distance("cost", "cost", 9) == 0);
        CHECK(edit_distance("cots", "cost", 9) == 1);
        CHECK(edit_distance("hops_limt", "hop_limit", 9) == 2);
        CHECK(edit_distance("abc", "xyz", 9) == 3);
        CHECK(edit_distance("a", "abcdefgh", 2) > 2);
    }

    TEST_CASE("a name that is close enough is suggested, and one that is not is not") {
        const std::vector<std::string_view> keys{"gossip", "limits", "hop_limit", "insecure"};
        CHECK(near_miss("hops_limt", keys) == "hop_limit");
        CHECK(near_miss("Hop-Limit", keys) == "hop_limit");
        CHECK(near_miss("limit", keys) == "limits");
        CHECK_FALSE(near_miss("x", keys));
        CHECK_FALSE(near_miss("", keys));
        CHECK_FALSE(near_miss("colour", keys));
        CHECK_FALSE(near_miss(std::string(100'000, 'a'), keys));
    }

    TEST_CASE("among equally close names the first is suggested") {
        CHECK(near_miss("machine-x", {"machine-b", "machine-a"}) == "machine-b");
    }

    TEST_CASE("without a near miss the suggestion lists what there is, if that is short") {
        CHECK(suggestion("colour", {"name", "type"}) == ": expected one of `name`, `type`");
        CHECK(suggestion("colour", {"name"}) == ": expected `name`");
        CHECK(suggestion("colour", std::vector<std::string_view>(13, "name")).empty());
    }
}
