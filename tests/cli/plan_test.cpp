// What `plan` finds, on the deployments of deploy/.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/failures.h"
#include "cli/plan_json.h"
#include "cli/plan_mermaid.h"
#include "cli/plan_study.h"
#include "cli/plan_text.h"
#include "cli/simulated.h"

namespace jetway::cli {

namespace {

config::Deployment parsed(const std::string& text) {
    config::Checked checked = config::parse_deployment(text);
    for (const config::Problem& problem : checked.problems) {
        FAIL(config::format(problem, "file"));
    }
    return std::move(*checked.deployment);
}

config::Deployment deployed(const std::string& name) {
    std::ifstream file(std::string(JETWAY_ROOT) + "/deploy/" + name);
    REQUIRE(file.good());
    std::ostringstream text;
    text << file.rdbuf();
    return parsed(text.str());
}

PlanStudy study(const config::Deployment& deployment, const std::vector<std::string>& fail = {}) {
    const auto failures = parse_failures(fail, topology_of(deployment));
    REQUIRE(failures);
    auto result = study_plan("file.yml", deployment, *failures);
    REQUIRE(result);
    return std::move(*result);
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::vector<std::string> single_names(const PlanStudy& study) {
    std::vector<std::string> names;
    for (const SinglePoint& point : study.single_points) {
        names.push_back(point.machine ? "machine:" + study.topology.machines[*point.machine].name
                                      : link_label(study.topology, point.link));
    }
    return names;
}

// a - b - c, where b is called by both; c has two services, a one.
const char* const chain = R"(
machines:
  a:
    services: [one]
    terminals: [{name: to-b, type: network, address: 127.0.0.2:9001, cost: 4}]
  b:
    terminals: [{name: to-c, type: network, address: 127.0.0.3:9001}]
  c: {services: [one, two]}
)";

}  // namespace

TEST_SUITE("cli.plan") {
    TEST_CASE("three machines: every pair, and no single point of failure") {
        const PlanStudy three = study(deployed("deployment.yml"));
        CHECK(three.reach.ways.size() == 6);
        CHECK(*three.reach.way("machine-a", "machine-c") == Way{"machine-c", 1, 1});
        CHECK(three.single_points.empty());
        CHECK(three.findings.one_sided.empty());
        CHECK(three.findings.clashes.empty());
        CHECK(three.findings.unused.empty());
        CHECK_FALSE(three.loses());
        const std::string text = plan_text(three, false, false);
        CHECK(holds(text, "machine-a  machine-b  machine-b     1     1  parser-server\n"));
        CHECK(holds(text, "\nno single point of failure\n"));
        CHECK_FALSE(holds(text, "\033"));
        CHECK(holds(plan_text(three, false, true), "\033["));
    }

    TEST_CASE("twelve machines: hall, each floor's first, and the links between them") {
        const PlanStudy twelve = study(deployed("twelve.yml"));
        CHECK(twelve.reach.ways.size() == 132);
        CHECK(twelve.reach.way("first-3", "hall")->hops == 3);
        CHECK(*twelve.reach.way("first-2", "hall") == Way{"first-1", 2, 2});
        CHECK(single_names(twelve) ==
              std::vector<std::string>{"machine:hall", "machine:ground-1", "machine:first-1",
                                       "machine:second-1", "link:hall-ground-1",
                                       "link:hall-first-1", "link:hall-second-1"});
        CHECK(twelve.single_points.front().islands.size() == 3);
        const std::string text = plan_text(twelve, false, false);
        CHECK(holds(text, "every machine reaches every other: 132 ways"));
        CHECK(holds(text, "machine:ground-1    ground-2, ground-3, ground-4 | the other 8\n"));
        CHECK_FALSE(holds(text, "FROM"));
        CHECK(holds(plan_text(twelve, true, false), "FROM"));
    }

    TEST_CASE(
        "the single points are those whose failure makes the simulated routers lose somebody") {
        const config::Deployment deployment = deployed("twelve.yml");
        const std::vector<std::string> single = single_names(study(deployment));
        const sim::Topology topology = topology_of(deployment);
        std::vector<std::string> all;
        for (const sim::Machine& machine : topology.machines) {
            all.push_back("machine:" + machine.name);
        }
        for (std::size_t i = 0; i < topology.links.size(); ++i) {
            all.push_back(link_label(topology, i));
        }
        for (const std::string& one : all) {
            CAPTURE(one);
            const PlanStudy failed = study(deployment, {one});
            CHECK((failed.without->islands().size() > 1) ==
                  (std::find(single.begin(), single.end(), one) != single.end()));
        }
    }

    TEST_CASE("without hall, three floors that no longer reach one another") {
        const PlanStudy failed = study(deployed("twelve.yml"), {"machine:hall"});
        CHECK(failed.loses());
        CHECK(failed.without->islands().size() == 3);
        CHECK(failed.failed.longer.empty());
        const std::string text = plan_text(failed, false, false);
        CHECK(holds(text,
                    "these still reach one another:\n"
                    "    ground-1, ground-2, ground-3, ground-4\n"));
        CHECK(holds(text, "service directory, since no machine has it any more\n"));
    }

    TEST_CASE("several failures at once; a ring's link makes ways longer, and loses nobody") {
        const PlanStudy ring = study(deployed("twelve.yml"), {"link:ground-1-ground-2"});
        CHECK_FALSE(ring.loses());
        const auto found = std::find_if(
            ring.failed.longer.begin(), ring.failed.longer.end(),
            [](const WayChange& way) { return way.from == "ground-1" && way.to == "ground-2"; });
        REQUIRE(found != ring.failed.longer.end());
        CHECK(*found->before == Way{"ground-2", 1, 1});
        CHECK(*found->after == Way{"ground-4", 3, 3});
        const PlanStudy both =
            study(deployed("twelve.yml"), {"link:ground-1-ground-2", "link:ground-4-ground-1"});
        CHECK(both.loses());
        CHECK(both.without->islands().size() == 2);
    }

    TEST_CASE("a machine that fails doesn't count itself, what only it has does") {
        CHECK_FALSE(
            study(deployed("twelve.yml"), {"machine:ground-2"}).loses());    // a second camera
        CHECK(study(deployed("twelve.yml"), {"machine:ground-3"}).loses());  // the only lift
    }

    TEST_CASE("what fails is named by machines of the file, which may hold dashes") {
        const sim::Topology twelve = topology_of(deployed("twelve.yml"));
        const auto failures =
            parse_failures({"link:ground-1-hall", "link:hall-ground-1", "machine:first-1"}, twelve);
        REQUIRE(failures);
        CHECK(failures->links.size() == 1);
        CHECK(failures->machines.size() == 1);
        const auto detail = [&](const std::string& written) {
            const auto result = parse_failures({written}, twelve);
            REQUIRE_FALSE(result);
            CHECK(result.error().code == "usage");
            return result.error().detail;
        };
        CHECK(detail("machine:ground1") ==
              "`machine:ground1`: no such machine: did you mean `ground-1`?");
        CHECK(holds(detail("link:hall-grond-1"), "did you mean `link:hall-ground-1`?"));
        CHECK(holds(detail("link:hall-ground-3"),
                    "`hall` and `ground-3` have no link: `hall` has one "
                    "to `first-1`, `ground-1`, `second-1`"));
        CHECK(holds(detail("hall"), "write link:A-B or machine:C"));
        CHECK(holds(detail("link:"), "no such link"));
    }

    TEST_CASE("a link that can be read in two ways is the one that exists, or an error") {
        sim::Topology topology;
        for (const char* name : {"a", "b-c", "a-b", "c"}) {
            topology.machines.push_back({name, {}});
        }
        topology.join(0, 1);
        const auto one = parse_failures({"link:a-b-c"}, topology);
        REQUIRE(one);
        CHECK(one->links == std::vector<std::size_t>{0});
        topology.join(2, 3);
        const auto two = parse_failures({"link:a-b-c"}, topology);
        REQUIRE_FALSE(two);
        CHECK(holds(two.error().detail, "the link between `a` and `b-c`; `a-b` and `c`"));
    }

    TEST_CASE("against an older file: what comes, what goes, what becomes longer") {
        const auto compared = [](const std::string& was, const std::string& is) {
            PlanStudy result = study(parsed(is));
            study_against(result, "old.yml", study(parsed(was)).reach);
            return result;
        };
        const std::string was = chain;
        const PlanStudy same = compared(was, was);
        CHECK(same.changed.empty());
        CHECK(holds(plan_text(same, false, false), "against old.yml\n  nothing changes\n"));

        std::string dearer = was;
        dearer.replace(dearer.find("cost: 4"), 7, "cost: 9");
        const PlanStudy longer = compared(was, dearer);
        CHECK_FALSE(longer.loses());
        REQUIRE(longer.changed.longer.size() == 3);  // a to b, to c, to the service two
        CHECK(longer.changed.longer[2].service);
        CHECK(compared(dearer, was).changed.shorter.size() == 3);

        std::string without = was;
        without.replace(without.find("[one, two]"), 10, "[one]");
        const PlanStudy lost = compared(was, without);
        CHECK(lost.loses());
        CHECK(lost.changed.services_go ==
              std::vector<std::pair<std::string, std::string>>{{"two", "c"}});
        CHECK_FALSE(compared(without, was).loses());

        const PlanStudy fewer = compared(was +
                                             "  d:\n    terminals: [{name: to-a, type: network, "
                                             "address: 127.0.0.9:1}]\n",
                                         was);
        CHECK(fewer.changed.machines_go == std::vector<std::string>{"d"});
        CHECK(fewer.loses());
    }

    TEST_CASE("from a machine that does not say what it reaches, nothing is compared") {
        PlanStudy result = study(parsed(chain));
        Reach live = result.reach;
        std::erase_if(live.ways, [](const auto& way) { return way.first.first == "c"; });
        live.silent.insert("c");
        study_against_live(result, live);
        CHECK(result.changed.empty());
    }

    TEST_CASE("a service that attached without being listed is told, and not lost") {
        PlanStudy result = study(parsed(chain));
        Reach live = result.reach;
        live.services["b"].insert("visitor");
        study_against_live(result, live);
        CHECK_FALSE(result.loses());
        CHECK(holds(
            plan_text(result, false, false),
            "against the mesh that runs\n  services that the file doesn't list: visitor@b\n"));
        CHECK(plan_json(result)["against"]["live"] == true);
    }

    TEST_CASE("a way whose cost would be 65535 or more is none, and nothing is cut off with it") {
        const PlanStudy dear = study(parsed(R"(
machines:
  a: {terminals: [{name: to-b, type: network, address: 127.0.0.2:1, cost: 40000}]}
  b:
    terminals:
      - {name: to-a, type: network, cost: 40000}
      - {name: to-c, type: network, cost: 40000}
  c: {terminals: [{name: to-b, type: network, address: 127.0.0.2:1, cost: 40000}]}
)"));
        CHECK(dear.reach.way("a", "c") == nullptr);
        CHECK(single_names(dear) == std::vector<std::string>{"link:a-b", "link:b-c"});
        CHECK(holds(plan_text(dear, false, false), "a     c   unreachable"));
    }

    TEST_CASE("one machine alone") {
        CHECK(holds(plan_text(study(parsed("machines: {a: {services: [one]}}")), false, false),
                    "1 machine, 1 service, 0 links"));
    }

    TEST_CASE("slips: named by one side, clashing listeners, terminals that no route uses") {
        const PlanStudy one = study(parsed(chain));
        CHECK(one.findings.one_sided.size() == 2);
        CHECK(holds(plan_text(one, false, false), "a → b (to-b): b counts it at cost 1\n"));
        CHECK(
            holds(plan_text(one, false, false), "a counts its link to b at cost 4, b at cost 1\n"));

        const PlanStudy triangle = study(parsed(R"(
machines:
  a:
    listen: 0.0.0.0:9001
    terminals:
      - {name: to-b, type: network, address: 127.0.0.2:9001, cost: 9}
      - {name: to-c, type: network, address: 127.0.0.3:9001}
      - {name: debug, type: local, address: "127.0.0.1:9001"}
  b:
    terminals:
      - {name: to-a, type: network, cost: 9}
      - {name: to-c, type: network, address: 127.0.0.3:9001}
  c:
    listen: [127.0.0.3:9001, 10.0.0.3:9001]
    terminals: [{name: to-a, type: network}, {name: to-b, type: network}]
  d: {listen: 10.0.0.3:9001}
)"));
        REQUIRE(triangle.findings.unused.size() == 2);
        CHECK(triangle.findings.unused[0].terminal == "to-b");
        CHECK(triangle.findings.unused[1].terminal == "to-a");
        REQUIRE(triangle.findings.clashes.size() == 2);
        CHECK(triangle.findings.clashes[0].machine == "a");
        CHECK(triangle.findings.clashes[0].other_listener == "local terminal debug 127.0.0.1:9001");
        CHECK(triangle.findings.clashes[1].other_machine == "d");
        const std::string text = plan_text(triangle, false, false);
        CHECK(holds(text, "not every machine reaches every other: a, b, c | d\n"));
        CHECK(holds(text, "a → b (2 hops, cost 2, over c)\n"));
    }

    TEST_CASE("JSON holds everything, and null for what was not asked for") {
        const envelope::Json plain = plan_json(study(deployed("deployment.yml")));
        CHECK(plain["schema"] == "jetway.plan/1");
        CHECK(plain["routes"].size() == 6);
        CHECK(plain["fail"].is_null());
        CHECK(plain["against"].is_null());
        const envelope::Json failed = plan_json(study(deployed("twelve.yml"), {"machine:hall"}));
        CHECK(failed["singlePoints"].size() == 7);
        CHECK(failed["singlePoints"][0]["machineId"] == "hall");
        CHECK(failed["fail"]["islands"].size() == 3);
        CHECK(failed["fail"]["unreachable"][0]["after"].is_null());
    }

    TEST_CASE("mermaid marks what failed and what is a single point of failure") {
        const std::string text = plan_mermaid(
            study(deployed("twelve.yml"), {"machine:ground-3", "link:first-1-first-2"}));
        CHECK(holds(text, "flowchart LR\n"));
        CHECK(holds(text, "m0[\"hall<br/>directory\"]:::single\n"));
        CHECK(holds(text, "m3[\"ground-3<br/>lift\"]:::failed\n"));
        CHECK(holds(text, "    m0 ===|\"cost 1\"| m1\n"));
        CHECK(holds(text, "    m5 x--x|\"cost 1\"| m6\n"));
        CHECK(holds(text, "    linkStyle 0 stroke:#c00\n"));
    }
}

}  // namespace jetway::cli
