// Full announcements, changes, heartbeats and digests.
#include "tests/gossip/table.h"

namespace jetway::gossip::testing {

TEST_SUITE("gossip.exchange") {
    TEST_CASE(
        "the first announcement on a link is full, has our own route at cost 0 and our catalog") {
        Table t;
        t.gossip.set_services({service("parser")}, t.now);
        t.gossip.on_link_up(1, "b", 1, t.now);
        const auto sent = t.sent().at(1);
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].full);
        CHECK_FALSE(sent[0].more);
        CHECK(sent[0].machine_id == "a");
        CHECK(sent[0].incarnation == 100);
        CHECK(sent[0].routes == std::vector<envelope::RouteEntry>{{"a", 1, 0, 0}});
        REQUIRE(sent[0].catalogs.size() == 1);
        CHECK(sent[0].catalogs[0].services[0].service.name == "parser");
        CHECK(sent[0].digest ==
              envelope::route_digest({"a", 1, 0, 0}) + envelope::catalog_digest("a", 100, 2));
    }

    TEST_CASE("after it only what changed is sent, at once; a second burst waits 20 ms") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.wait(milliseconds(100));
        t.say(1, {{"m", 1, 1, 1}});
        t.say(1, {{"n", 1, 1, 1}});
        const auto first = t.sent().at(2);
        REQUIRE(first.size() == 1);
        CHECK(first[0].routes.size() == 2);
        CHECK_FALSE(first[0].full);
        t.now += milliseconds(1);
        t.say(1, {{"o", 1, 1, 1}});
        CHECK(t.sent().empty());
        CHECK(t.gossip.next_deadline() == t.now + milliseconds(19));
        CHECK(t.wait(milliseconds(18)).empty());
        CHECK(t.wait(milliseconds(1)).at(2).size() == 1);
    }

    TEST_CASE("a settled link costs a heartbeat each interval, with the digest and nothing else") {
        Table t;
        t.meet(1, "b");
        t.wait(seconds(5));
        const std::uint64_t before = t.gossip.counters().bytes_announced;
        const auto sent = t.wait(seconds(10)).at(1);
        CHECK(sent.size() == 2);
        CHECK(sent[1].routes.empty());
        CHECK(sent[1].digest == sent[0].digest);
        CHECK(t.gossip.counters().bytes_announced - before < 200);
    }

    TEST_CASE("a shorter interval holds from the moment that it is set") {
        Table t;
        t.meet(1, "b");
        t.wait(seconds(6));
        Options options;
        options.interval = seconds(1);
        t.gossip.set_options(options, t.now);
        CHECK(t.wait(seconds(4)).at(1).size() == 4);
    }

    TEST_CASE("the digest is the sum over what was announced and not retracted") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 1, 1, 1}});
        t.wait(milliseconds(40));
        t.say(1, {{"m", 1, infinity, 0}});
        const auto sent = t.wait(milliseconds(40)).at(2);
        CHECK(sent.back().digest ==
              envelope::route_digest({"a", 1, 0, 0}) + envelope::catalog_digest("a", 100, 1) +
                  envelope::route_digest({"b", 1, 1, 1}) + envelope::route_digest({"c", 1, 1, 1}));
    }

    TEST_CASE("a digest that differs asks for a full one, at most once a second") {
        Table t;
        t.meet(1, "b");
        envelope::Announce odd;
        odd.digest = 42;
        t.say(1, odd, false);
        const auto sent = t.sent().at(1);
        CHECK(sent[0].want_full);
        t.now += milliseconds(100);
        t.say(1, odd, false);
        CHECK(t.wait(milliseconds(899)).empty());
        CHECK(t.wait(milliseconds(1)).at(1)[0].want_full);
        CHECK(t.gossip.counters().full_asked == 2);
    }

    TEST_CASE("who wants a full one gets it, at most once a second") {
        Table t;
        t.meet(1, "b");
        t.wait(seconds(1));
        envelope::Announce want;
        want.want_full = true;
        t.say(1, want);
        CHECK(t.sent().at(1)[0].full);
        t.now += milliseconds(100);
        t.say(1, want);
        t.say(1, want);
        CHECK(t.wait(milliseconds(899)).empty());
        CHECK(t.wait(milliseconds(1)).at(1).size() == 1);
    }

    TEST_CASE("a full announcement retracts what it doesn't name, once its last part is there") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 1, 1, 1}, {"n", 1, 1, 1}});
        envelope::Announce part;
        part.full = part.more = true;
        part.routes = {{"b", 1, 0, 0}};
        t.say(1, part);
        CHECK(t.via("m") == "b");
        part.more = false;
        part.routes = {{"n", 1, 1, 1}};
        t.say(1, part);
        CHECK(t.via("m") == "none");
        CHECK(t.via("n") == "b");
        CHECK(t.via("b") == "b");
        t.wait(seconds(1));
        CHECK(t.gossip.counters().full_asked == 0);
    }

    TEST_CASE("a resumed link keeps its routes and starts with a full announcement") {
        Table t;
        t.meet(1, "b");
        t.wait(milliseconds(40));
        t.gossip.on_link_resumed(1, t.now);
        CHECK(t.via("b") == "b");
        CHECK(t.sent().at(1)[0].full);
    }

    TEST_CASE("more than 1 MiB is split, and what is split is understood") {
        Table t;
        t.meet(1, "b");
        envelope::Announce big;
        for (int i = 0; i < 400; ++i) {
            const std::string name = "m" + std::to_string(i);
            big.routes.push_back({name, 1, 1, 1});
            auto catalog = Table::catalog(name, 1, 1);
            catalog.services[0].service.capabilities.assign(60, std::string(120, 'x'));
            big.catalogs.push_back(std::move(catalog));
        }
        t.say(1, big);
        t.wait(milliseconds(40));
        t.gossip.on_link_up(2, "c", 1, t.now);
        const auto outgoing = t.gossip.take_outgoing();
        REQUIRE(outgoing.size() > 2);
        Gossip c(Options{}, "c", 1);
        c.on_link_up(9, "a", 1, t.now);
        c.take_outgoing();
        for (std::size_t i = 0; i < outgoing.size(); ++i) {
            const auto read = envelope::read_announce(outgoing[i].body);
            CHECK(read->full);
            CHECK(read->more == (i + 1 < outgoing.size()));
            CHECK(outgoing[i].body.size() < (1U << 20U) + 100U);
            c.on_announce(9, outgoing[i].body, t.now);
        }
        CHECK(c.machines().size() == 403);
        c.on_deadline(t.now + seconds(2));
        c.take_outgoing();
        CHECK(c.counters().full_asked == 0);
        CHECK(t.gossip.counters().full_sent == 2);
    }

    TEST_CASE("what is malformed, or another neighbour's, is counted and changes nothing") {
        Table t;
        t.meet(1, "b");
        t.wait(milliseconds(40));
        const std::uint64_t version = t.gossip.table_version();
        base::Bytes good;
        envelope::Announce announce;
        announce.machine_id = "b";
        announce.routes = {{"m", 1, 1, 1}};
        envelope::append_announce(good, announce);
        for (std::size_t i = 0; i < good.size(); ++i) {
            t.gossip.on_announce(1, base::ByteView(good).first(i), t.now);
        }
        announce.machine_id = "c";
        base::Bytes stranger;
        envelope::append_announce(stranger, announce);
        t.gossip.on_announce(1, stranger, t.now);
        t.gossip.on_announce(77, good, t.now);
        CHECK(t.gossip.counters().malformed == good.size() + 2);
        CHECK(t.reported("bad-announce") == 1);  // held back to one a second
        CHECK(t.gossip.table_version() == version);
        CHECK(t.sent().empty());
    }

    TEST_CASE("shutting down retracts our machine and all that we offered, at once and for good") {
        Table t;
        t.meet(1, "b");
        t.meet(2, "c");
        t.wait(milliseconds(40));
        t.say(1, {{"m", 1, 1, 1}});
        t.sent();
        t.gossip.retract_self(t.now);
        const auto sent = t.sent().at(2);
        for (const char* machine : {"a", "b", "c", "m"}) {
            REQUIRE(route(sent, machine) != nullptr);
            CHECK(route(sent, machine)->cost == infinity);
        }
        CHECK(sent.back().digest == 0);
        t.say(1, {{"n", 1, 1, 1}});
        CHECK(t.wait(seconds(1)).empty());
    }
}

}  // namespace jetway::gossip::testing
