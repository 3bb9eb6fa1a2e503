// Feasibility, choice, distance, requests: a case for each sentence of how routes are learned.
#include "tests/gossip/table.h"

namespace jetway::gossip::testing {

TEST_SUITE("gossip.routes") {
    TEST_CASE("cost is what a neighbour announces plus the link's, hops plus one") {
        Table t;
        t.meet(1, "b", 7);
        t.say(1, {{"m", 4, 10, 2}});
        const auto view = t.gossip.find("m");
        REQUIRE(view);
        CHECK(view->selected->cost == 17);
        CHECK(view->selected->hops == 3);
        CHECK(view->selected->sequence == 4);
        CHECK(view->selected->learned == t.now);
        const auto sent = t.wait(milliseconds(20));
        CHECK(*route(sent.at(1), "m") == envelope::RouteEntry{"m", 4, 17, 3});
    }

    TEST_CASE("sums stop at 65535, and what is that far can't be reached") {
        Table t;
        t.meet(1, "b", 60'000);
        t.say(1, {{"m", 4, 10'000, 2}});
        CHECK_FALSE(t.gossip.find("m"));
        t.say(1, {{"m", 4, 5'534, 2}});
        CHECK(t.gossip.find("m")->selected->cost == 65'534);
    }

    TEST_CASE("the lowest cost is selected, the others are alternatives in order") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.meet(3, "d");
        t.say(1, {{"m", 1, 5, 5}});
        t.say(2, {{"m", 1, 4, 4}});
        t.say(3, {{"m", 1, 3, 3}});
        const auto view = t.gossip.find("m");
        REQUIRE(view->routes.size() == 3);
        CHECK(t.via("m") == "d");
        CHECK(view->selected == &view->routes[0]);
        CHECK(view->routes[1].link == 2);
        CHECK(view->routes[2].link == 1);
    }

    TEST_CASE("a tie keeps the present route, else takes fewer hops, else the smaller name") {
        Table t;
        t.meet(1, "d");
        t.meet(2, "c");
        t.meet(3, "b");
        t.meet(4, "e");
        t.say(1, {{"m", 1, 3, 3}});
        t.say(2, {{"m", 1, 3, 3}});
        t.say(3, {{"m", 1, 3, 3}});
        t.say(4, {{"m", 1, 3, 1}});
        CHECK(t.via("m") == "d");
        t.gossip.on_link_down(1, t.now);
        CHECK(t.via("m") == "e");
        t.gossip.on_link_down(4, t.now);
        CHECK(t.via("m") == "b");
    }

    TEST_CASE("the document's triangle: the neighbour's route is shown, and isn't feasible") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"c", 1, 1, 1}});
        const auto view = t.gossip.find("c");
        CHECK(t.via("c") == "c");
        REQUIRE(view->routes.size() == 2);
        CHECK(view->routes[1].state == RouteState::unfeasible);
        CHECK(view->routes[1].cost == 2);
    }

    TEST_CASE("a selected route is announced to every neighbour, the one it leads to as well") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 1, 1, 1}});
        const auto sent = t.wait(milliseconds(20));
        CHECK(route(sent.at(1), "m")->cost == 2);
        CHECK(route(sent.at(2), "m")->cost == 2);
    }

    TEST_CASE("an alternative that is feasible takes over at once") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c", 5);
        t.say(1, {{"m", 1, 4, 4}});
        t.say(2, {{"m", 1, 4, 4}});
        t.wait(milliseconds(40));  // announced with cost 5; c's 4 is less
        t.gossip.on_link_down(1, t.now);
        CHECK(t.via("m") == "c");
        CHECK(requests(t.wait(milliseconds(300))[2]).empty());
    }

    TEST_CASE(
        "the distance changes when the announcement is queued, not when the route is selected") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 1, 1, 1}});
        t.say(2, {{"m", 1, 2, 2}});
        CHECK(t.gossip.find("m")->routes[1].state == RouteState::alternative);
        const std::uint64_t version = t.gossip.table_version();
        t.wait(milliseconds(40));
        CHECK(t.gossip.find("m")->routes[1].state == RouteState::unfeasible);
        CHECK(t.gossip.table_version() > version);
    }

    TEST_CASE("losing the last feasible route retracts it and asks for a new number at once") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 7, 1, 1}});
        t.say(2, {{"m", 7, 2, 2}});
        t.wait(milliseconds(40));
        t.gossip.on_link_down(1, t.now);
        CHECK(t.via("m") == "none");
        CHECK(t.awaited("m"));
        const auto sent = t.sent();
        CHECK(route(sent.at(2), "m")->cost == infinity);
        REQUIRE(requests(sent.at(2)).size() == 1);
        CHECK(requests(sent.at(2))[0] == envelope::SequenceRequest{"m", 8, 255});
    }

    TEST_CASE("the request is repeated every 250 ms while that lasts, and no longer") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 7, 1, 1}});
        t.say(2, {{"m", 7, 2, 2}});
        t.wait(milliseconds(40));
        t.gossip.on_link_down(1, t.now);
        CHECK(requests(t.wait(milliseconds(999))[2]).size() == 4);
        t.say(2, {{"m", 8, 5, 5}});
        CHECK(t.via("m") == "c");
        CHECK(requests(t.wait(seconds(2))[2]).empty());
    }

    TEST_CASE("a neighbour that begins to announce what is awaited is asked at once") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 7, 1, 1}});
        t.wait(milliseconds(40));
        t.gossip.on_link_down(1, t.now);
        CHECK_FALSE(t.gossip.find("m"));  // nobody announces it: no-route at once
        t.wait(milliseconds(50));
        t.say(2, {{"m", 7, 2, 2}});
        CHECK(t.awaited("m"));
        CHECK(requests(t.sent()[2]).size() == 1);
    }

    TEST_CASE("a better route that isn't feasible is asked for too, later and ever more seldom") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.meet(3, "d", 20);
        t.say(1, {{"m", 7, 2, 2}});
        t.wait(milliseconds(40));
        t.say(1, {{"m", 7, infinity, 0}});
        t.say(3, {{"m", 7, 1, 1}});
        t.say(2, {{"m", 7, 5, 5}});
        CHECK(t.via("m") == "d");
        CHECK(requests(t.wait(milliseconds(240))[2]).empty());
        CHECK(requests(t.wait(milliseconds(20))[2]).size() == 1);
        CHECK(requests(t.wait(seconds(60))[2]).size() < 9);
        t.say(2, {{"m", 8, 5, 5}});
        CHECK(t.via("m") == "c");
    }

    TEST_CASE("a retraction never changes the distance, which is kept for 10 minutes") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 7, 1, 1}});
        t.wait(milliseconds(40));
        t.say(1, {{"m", 9, infinity, 0}});
        t.wait(minutes(9));
        t.say(1, {{"m", 7, 3, 3}});
        CHECK(t.awaited("m"));
        t.say(1, {{"m", 7, infinity, 0}});
        CHECK(t.gossip.known_machines() == 2);
        t.wait(minutes(9));
        CHECK(t.gossip.known_machines() == 2);
        t.wait(minutes(2));
        CHECK(t.gossip.known_machines() == 1);
        t.say(1, {{"m", 7, 3, 3}});
        CHECK(t.via("m") == "b");
    }

    TEST_CASE("a jump of more than 2^32 is ignored and reported") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 7, 3, 3}});
        t.say(1, {{"m", 8 + (std::uint64_t{1} << 32U), 1, 1}});
        CHECK(t.gossip.find("m")->selected->cost == 4);
        CHECK(t.reported("announce-refused") == 1);
        CHECK(t.gossip.counters().refused == 1);
        t.say(1, {{"m", 7 + (std::uint64_t{1} << 32U), 1, 1}});
        CHECK(t.gossip.find("m")->selected->cost == 2);
        CHECK(t.gossip.counters().full_asked == 0);  // what is refused counts in the digest
    }

    TEST_CASE(
        "more machines than limits.machines are refused, counted, and taken when there is room") {
        Options options;
        options.max_machines = 3;
        Table t(options);
        t.meet(1, "b");
        t.say(1, {{"m1", 1, 1, 1}, {"m2", 1, 1, 1}, {"m3", 1, 1, 1}});
        CHECK(t.gossip.known_machines() == 3);
        CHECK_FALSE(t.gossip.find("m3"));
        t.wait(seconds(1));
        CHECK(t.gossip.counters().full_asked == 0);
        t.say(1, {{"m1", 1, infinity, 0}});
        t.wait(minutes(11));
        CHECK(t.gossip.counters().full_asked == 1);
    }

    TEST_CASE("cost 0 is the sender's own, and only its own") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 1, 0, 0}});
        CHECK_FALSE(t.gossip.find("m"));
        t.say(1, {{"b", 1, 3, 1}});
        CHECK(t.via("b") == "none");
        CHECK(t.gossip.counters().refused == 2);
    }

    TEST_CASE("a link that goes takes its routes with it") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 1, 1, 1}});
        t.wait(milliseconds(40));
        t.gossip.on_link_down(1, t.now);
        CHECK_FALSE(t.gossip.find("m"));
        CHECK_FALSE(t.gossip.find("b"));
        const auto sent = t.sent();
        CHECK(route(sent.at(2), "m")->cost == infinity);
        CHECK(route(sent.at(2), "b")->cost == infinity);
    }
}

TEST_SUITE("gossip.requests") {
    TEST_CASE("a router whose number is high enough answers by announcing") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 7, 1, 1}});
        t.wait(milliseconds(40));
        t.say(2, {}, {{"m", 7, 255}});
        const auto sent = t.sent();
        CHECK(route(sent.at(2), "m")->sequence == 7);
        CHECK_FALSE(sent.contains(1));
    }

    TEST_CASE("others pass a request on once, towards the machine, never back") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.meet(3, "d");
        t.say(1, {{"m", 7, 1, 1}});
        t.say(2, {{"m", 7, 4, 4}});
        t.wait(milliseconds(40));
        t.say(3, {}, {{"m", 8, 9}});
        auto sent = t.wait(milliseconds(100));
        REQUIRE(requests(sent[1]).size() == 1);
        CHECK(requests(sent[1])[0] == envelope::SequenceRequest{"m", 8, 8});
        CHECK(requests(sent[2]).empty());
        CHECK(requests(sent[3]).empty());
        t.say(3, {}, {{"m", 8, 9}});
        CHECK(requests(t.wait(milliseconds(50))[1]).empty());
    }

    TEST_CASE("a request from the neighbour that we go through tries the other neighbours") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 7, 1, 1}});
        t.say(2, {{"m", 7, 4, 4}});
        t.wait(milliseconds(40));
        t.say(1, {}, {{"m", 8, 255}});
        auto sent = t.wait(milliseconds(100));
        CHECK(requests(sent[2]).size() == 1);
        CHECK(requests(sent[1]).empty());
    }

    TEST_CASE("a request without hops left ends here") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 7, 1, 1}});
        t.wait(milliseconds(40));
        t.say(2, {}, {{"m", 8, 1}});
        CHECK(requests(t.wait(milliseconds(100))[1]).empty());
    }

    TEST_CASE("a machine raises its own number to what is asked, at most once every 100 ms") {
        Table t;
        t.meet(1, "b");
        t.say(1, {}, {{"a", 5, 255}});
        CHECK(t.gossip.sequence() == 5);
        CHECK(route(t.sent().at(1), "a")->sequence == 5);
        t.now += milliseconds(30);
        t.say(1, {}, {{"a", 6, 255}});
        t.say(1, {}, {{"a", 9, 255}});
        CHECK(t.gossip.sequence() == 5);
        t.wait(milliseconds(69));
        CHECK(t.gossip.sequence() == 5);
        t.wait(milliseconds(2));
        CHECK(t.gossip.sequence() == 9);
        t.say(1, {}, {{"a", 10 + (std::uint64_t{1} << 32U), 255}});
        t.wait(seconds(1));
        CHECK(t.gossip.sequence() == 9);
        CHECK(t.reported("announce-refused") == 1);
    }
}

}  // namespace jetway::gossip::testing
