// Which machines a call has changed.
#include "tests/gossip/table.h"

namespace jetway::gossip::testing {

TEST_SUITE("gossip.changed") {
    TEST_CASE("a call lists the machines whose route or catalog it changed, each once") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 1, 1, 1}, {"n", 1, 2, 2}}, {}, {Table::catalog("m", 5, 5)});
        std::vector<std::string> changed = t.gossip.changed();
        std::sort(changed.begin(), changed.end());
        CHECK(changed == std::vector<std::string>{"m", "n"});
        t.say(1, {}, {}, {Table::catalog("m", 5, 6), Table::catalog("m", 5, 7)});
        CHECK(t.gossip.changed() == std::vector<std::string>{"m"});
    }

    TEST_CASE("what changes nothing lists nothing, and the next call forgets the last one's") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 1, 1, 1}});
        CHECK(t.gossip.changed().size() == 1);
        t.say(1, std::vector<envelope::RouteEntry>{{"m", 1, 1, 1}});
        CHECK(t.gossip.changed().empty());
        t.say(1, {{"m", 2, 1, 1}});
        t.gossip.on_deadline(t.now);
        CHECK(t.gossip.changed().empty());
    }

    TEST_CASE("a link that goes down lists all that were heard of over it, known still or not") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 1, 1, 1}});
        t.gossip.on_link_down(1, t.now);
        std::vector<std::string> changed = t.gossip.changed();
        std::sort(changed.begin(), changed.end());
        CHECK(changed == std::vector<std::string>{"b", "m"});
        CHECK_FALSE(t.gossip.find("m"));
    }

    TEST_CASE("our own services are a change of our own machine") {
        Table t;
        envelope::CatalogService service;
        service.service.name = "x";
        t.gossip.set_services({service}, t.now);
        CHECK(t.gossip.changed() == std::vector<std::string>{"a"});
        t.gossip.set_services({service}, t.now);
        CHECK(t.gossip.changed().empty());
    }

    TEST_CASE("a neighbour is heard whole when the last part of its first full announcement came") {
        Table t;
        t.gossip.on_link_up(1, "b", 1, t.now);
        t.names[1] = "b";
        envelope::Announce first;
        first.full = first.more = true;
        first.routes = {{"b", 1, 0, 0}};
        t.say(1, first);
        CHECK_FALSE(t.gossip.heard_whole(1));
        envelope::Announce last;
        last.full = true;
        t.say(1, last);
        CHECK(t.gossip.heard_whole(1));
        t.gossip.on_link_up(1, "b", 1, t.now);
        CHECK_FALSE(t.gossip.heard_whole(1));
        CHECK_FALSE(t.gossip.heard_whole(2));
    }
}

}  // namespace jetway::gossip::testing
