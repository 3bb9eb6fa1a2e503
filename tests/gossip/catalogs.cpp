// Catalogs and who has been told them; our own machine, and names borne twice.
#include "tests/gossip/table.h"

namespace jetway::gossip::testing {

TEST_SUITE("gossip.catalogs") {
    TEST_CASE("our revision grows when our services differ, and only then") {
        Table t;
        t.meet(1, "b");
        t.wait(milliseconds(40));
        t.gossip.set_services({service("x")}, t.now);
        auto sent = t.sent().at(1);
        CHECK(sent[0].catalogs[0].revision == 2);
        CHECK(sent[0].routes.empty());
        t.gossip.set_services({service("x")}, t.now);
        CHECK(t.wait(seconds(1)).empty());
    }

    TEST_CASE(
        "a newer (incarnation, revision) replaces, an older one doesn't, and unknown keys pass") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        auto odd = Table::catalog("m", 5, 5, "new");
        odd.raw = envelope::make_catalog_raw(odd);
        odd.raw[0] = 0x85;
        for (const char c : {'\xa3', 'o', 'd', 'd', '\x01'}) {
            odd.raw.push_back(static_cast<std::uint8_t>(c));
        }
        t.say(1, {{"m", 1, 1, 1}}, {}, {odd});
        const auto sent = t.wait(milliseconds(40));
        REQUIRE(sent.at(2).back().catalogs.size() == 1);
        CHECK(sent.at(2).back().catalogs[0].raw == odd.raw);
        t.say(2, {{"m", 1, 5, 5}}, {}, {Table::catalog("m", 5, 4, "old")});
        CHECK(t.gossip.find("m")->catalog->services[0].service.name == "new");
        t.say(2, {}, {}, {Table::catalog("m", 6, 1, "newest")});
        CHECK(t.gossip.find("m")->catalog->services[0].service.name == "newest");
    }

    TEST_CASE("a catalog travels with its machine, without which it is refused") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {}, {}, {Table::catalog("m", 5, 5)});
        CHECK_FALSE(t.gossip.find("m"));
        t.say(1, {{"m", 1, 1, 1}}, {}, {Table::catalog("m", 5, 5)});
        t.wait(milliseconds(40));
        t.say(1, {{"m", 1, infinity, 0}});
        t.wait(milliseconds(40));
        t.say(1, {{"m", 2, 1, 1}}, {}, {Table::catalog("m", 5, 5)});
        const auto sent = t.wait(milliseconds(40)).at(2);
        CHECK(sent.back().catalogs.size() == 1);
        t.gossip.on_link_up(3, "d", 1, t.now);
        CHECK(t.sent().at(3)[0].catalogs.size() == 2);
    }

    TEST_CASE(
        "a catalog that was lost is retracted with its route, even if the machine is back at "
        "once") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 1, 1, 1}}, {}, {Table::catalog("m", 5, 5)});
        t.wait(milliseconds(40));
        t.say(1, {{"m", 1, infinity, 0}});
        CHECK_FALSE(t.gossip.find("m"));
        t.say(1, {{"m", 1, 1, 1}});
        CHECK(t.gossip.find("m")->catalog == nullptr);
        const auto routes = t.sent().at(2)[0].routes;
        REQUIRE(routes.size() == 2);
        CHECK(routes[0].cost == infinity);
        CHECK(routes[1].cost == 2);
    }

    TEST_CASE("a neighbour isn't told the catalog that it told, until it takes it back") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 1, 1, 1}}, {}, {Table::catalog("m", 5, 5)});
        t.say(2, {{"m", 1, 1, 1}}, {}, {Table::catalog("m", 5, 5)});
        for (const auto& [link, list] : t.wait(milliseconds(40))) {
            CHECK(list.back().catalogs.empty());
        }
        t.say(2, {{"m", 1, infinity, 0}});
        CHECK(t.sent().at(2)[0].catalogs.size() == 1);
    }
}

TEST_SUITE("gossip.own_machine") {
    TEST_CASE("hearing of itself with a higher number, a machine jumps past it, once") {
        Table t;
        t.meet(1, "b");
        t.wait(milliseconds(40));
        t.say(1, {{"a", 7, 1, 1}});
        CHECK(t.gossip.sequence() == 8);
        CHECK(route(t.sent().at(1), "a")->sequence == 8);
        t.now += seconds(59);
        t.say(1, {{"a", 20, 1, 1}});
        CHECK(t.gossip.sequence() == 8);
        CHECK(t.reported("duplicate-machine") == 1);
        CHECK(t.reports.back().level == Report::Level::error);
        t.now += seconds(59);
        t.say(1, {{"a", 21, 1, 1}});
        CHECK(t.gossip.sequence() == 8);
        t.now += seconds(60);
        t.say(1, {{"a", 22, 1, 1}});
        CHECK(t.gossip.sequence() == 23);
    }

    TEST_CASE("hearing of its own newer catalog, a machine whose clock went back jumps past it") {
        Table t;
        t.gossip.set_services({service("x")}, t.now);
        t.meet(1, "b");
        t.wait(milliseconds(40));
        t.say(1, {{"a", 1, 1, 1}}, {}, {Table::catalog("a", 500, 7, "former")});
        auto sent = t.sent().at(1);
        REQUIRE(sent[0].catalogs.size() == 1);
        CHECK(sent[0].catalogs[0].incarnation == 501);
        CHECK(sent[0].catalogs[0].revision == 1);
        CHECK(sent[0].catalogs[0].services[0].service.name == "x");
        t.say(1, {}, {}, {Table::catalog("a", 500, 9)});
        CHECK(t.reported("duplicate-machine") == 0);
        t.say(1, {}, {}, {Table::catalog("a", 501, 2)});
        CHECK(t.reported("duplicate-machine") == 1);
        CHECK(t.wait(seconds(1)).empty());
    }

    TEST_CASE(
        "after 60 s of quiet a catalog of ours that was not passed is, so that ours is taken") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"a", 1, 1, 1}}, {}, {Table::catalog("a", 500, 7)});
        t.say(1, {}, {}, {Table::catalog("a", 700, 1)});
        t.wait(seconds(59));
        CHECK(t.gossip.find("a")->catalog->incarnation == 501);
        t.wait(seconds(2));
        CHECK(t.gossip.find("a")->catalog->incarnation == 701);
    }

    TEST_CASE("a jump of more than 2^32 in our own number is ignored and reported") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"a", 2 + (std::uint64_t{1} << 32U), 1, 1}});
        CHECK(t.gossip.sequence() == 1);
        CHECK(t.reported("announce-refused") == 1);
    }

    TEST_CASE("our catalog outlives every neighbour that spoke of us") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"a", 1, 1, 1}});
        t.gossip.on_link_down(1, t.now);
        t.gossip.on_link_up(2, "b", 1, t.now);
        CHECK(t.sent().at(2)[0].catalogs.size() == 1);
    }

    TEST_CASE("our own machine is among the machines, with a catalog and no routes") {
        Table t;
        t.meet(1, "b");
        const auto views = t.gossip.machines();
        REQUIRE(views.size() == 2);
        CHECK(views[0].machine == "a");
        CHECK(views[0].routes.empty());
        CHECK(views[0].catalog != nullptr);
        CHECK_FALSE(views[0].awaited);
    }
}

}  // namespace jetway::gossip::testing
