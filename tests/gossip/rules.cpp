// What a neighbour may announce: what it may not is ignored, counted and reported.
#include "gossip/rules.h"

#include "tests/gossip/table.h"

namespace jetway::gossip::testing {

namespace {

Rules for_b(AnnounceRules rules) {
    Rules all;
    all.neighbours.emplace("b", std::move(rules));
    return all;
}

Rules strict(ServiceLists lists) {
    Rules all;
    all.lists = std::make_shared<const ServiceLists>(std::move(lists));
    return all;
}

std::vector<std::string> listed(const Table& t, std::string_view machine) {
    std::vector<std::string> names;
    const auto view = t.gossip.find(machine);
    if (view && view->catalog != nullptr) {
        for (const envelope::CatalogService& entry : view->catalog->services) {
            names.push_back(entry.service.name);
        }
    }
    return names;
}

envelope::Catalog catalog(std::string machine, std::uint64_t revision,
                          const std::vector<std::string>& services) {
    envelope::Catalog made;
    made.machine_id = std::move(machine);
    made.incarnation = 1;
    made.revision = revision;
    for (const std::string& name : services) {
        made.services.emplace_back().service.name = name;
    }
    return made;
}

}  // namespace

TEST_SUITE("gossip.rules") {
    TEST_CASE("a machine that a neighbour may not announce is as if it had not been announced") {
        Table t;
        t.gossip.set_rules(for_b({.machines = {{"edge-*"}}, .services = {}}), t.now);
        t.meet(1, "b");
        t.meet(2, "c");
        t.wait(milliseconds(40));
        t.say(1, {{"bank", 1, 1, 1}, {"edge-7", 1, 1, 1}}, {}, {catalog("bank", 1, {"safe"})});
        CHECK(t.via("b") == "b");  // its own machine needs no mention
        CHECK(t.via("edge-7") == "b");
        CHECK(t.via("bank") == "none");
        CHECK_FALSE(t.gossip.find("bank"));
        const auto told = t.wait(milliseconds(40));
        CHECK(route(told.at(2), "edge-7") != nullptr);
        CHECK(route(told.at(2), "bank") == nullptr);
        CHECK(t.gossip.counters().refused == 2);  // the route and the catalog
        CHECK(t.gossip.links()[0].refused == 2);
        CHECK(t.gossip.links()[1].refused == 0);
        CHECK(t.reported("announce-refused") == 1);
        CHECK(t.gossip.counters().full_asked == 0);  // the digest holds
        t.say(2, {{"bank", 1, 1, 1}});
        CHECK(t.via("bank") == "c");
    }

    TEST_CASE(
        "a service that a neighbour may not announce is taken out, also of what is passed on") {
        Table t;
        t.gossip.set_rules(for_b({.machines = {}, .services = {{"web"}}}), t.now);
        t.meet(1, "b");
        t.meet(2, "c");
        t.wait(milliseconds(40));
        t.say(1, {{"m", 1, 1, 1}}, {}, {catalog("m", 1, {"web", "safe"})});
        CHECK(listed(t, "m") == std::vector<std::string>{"web"});
        CHECK(t.gossip.counters().refused == 1);
        const auto told = t.wait(milliseconds(40)).at(2);
        REQUIRE(told.back().catalogs.size() == 1);
        CHECK(told.back().catalogs[0].services.size() == 1);
        CHECK(t.gossip.counters().full_asked == 0);
    }

    TEST_CASE("the same catalog from a neighbour that may announce all of it is taken whole") {
        Table t;
        t.gossip.set_rules(for_b({.machines = {}, .services = {{"web"}}}), t.now);
        t.meet(1, "b");
        t.meet(2, "c");
        t.say(1, {{"m", 1, 1, 1}}, {}, {catalog("m", 1, {"web", "safe"})});
        t.say(2, {{"m", 1, 2, 2}}, {}, {catalog("m", 1, {"web", "safe"})});
        CHECK(listed(t, "m") == std::vector<std::string>{"web", "safe"});
        t.say(1, {}, {}, {catalog("m", 1, {"web", "safe"})});
        CHECK(listed(t, "m") == std::vector<std::string>{"web", "safe"});
    }

    TEST_CASE("with strict services a machine has what the lists give it, whoever says more") {
        Table t;
        t.gossip.set_rules(strict({{"m", {"web"}}, {"b", {}}}), t.now);
        t.meet(1, "b");
        t.say(1, {{"m", 1, 1, 1}, {"stranger", 1, 1, 1}}, {},
              {catalog("m", 1, {"web", "safe"}), catalog("stranger", 1, {"web"}),
               catalog("b", 1, {"web"})});
        CHECK(listed(t, "m") == std::vector<std::string>{"web"});
        CHECK(listed(t, "stranger").empty());
        CHECK(listed(t, "b").empty());
        CHECK(t.via("stranger") == "b");  // it may pass envelopes on
        CHECK(t.gossip.counters().refused == 3);
    }

    TEST_CASE("stricter rules drop at once what they forbid, looser ones ask for it again") {
        Table t;
        t.meet(1, "b");
        t.say(1, {{"m", 1, 1, 1}, {"n", 1, 1, 1}}, {}, {catalog("m", 1, {"web", "safe"})});
        t.wait(seconds(2));
        t.gossip.set_rules(for_b({.machines = {{"m"}}, .services = {{"web"}}}), t.now);
        CHECK(t.via("n") == "none");
        CHECK(t.via("m") == "b");
        CHECK(listed(t, "m") == std::vector<std::string>{"web"});
        CHECK(t.wait(milliseconds(40)).at(1)[0].want_full);
        envelope::Announce full;
        full.full = true;
        full.routes = {{"b", 1, 0, 0}, {"m", 1, 1, 1}, {"n", 1, 1, 1}};
        full.catalogs = {catalog("m", 1, {"web", "safe"})};
        t.say(1, full);
        CHECK(t.via("n") == "none");
        t.wait(seconds(2));
        t.gossip.set_rules({}, t.now);
        CHECK(t.wait(milliseconds(40)).at(1)[0].want_full);
        t.say(1, full);
        CHECK(t.via("n") == "b");
        CHECK(listed(t, "m") == std::vector<std::string>{"web", "safe"});
        CHECK(t.gossip.counters().malformed == 0);
    }

    TEST_CASE("our own route and catalog are heard of whatever the rules say") {
        Table t;
        t.gossip.set_rules(for_b({.machines = std::vector<std::string>{}, .services = {}}), t.now);
        t.meet(1, "b");
        t.say(1, {{"a", 9, 2, 2}});
        CHECK(t.gossip.sequence() > 9);
    }
}

}  // namespace jetway::gossip::testing
