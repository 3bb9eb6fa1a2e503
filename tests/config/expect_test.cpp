#include "config/expect.h"

#include <doctest/doctest.h>

#include "config/deployment.h"

namespace jetway::config {

namespace {

// A triangle with a tail, and an expectation below it.
std::string with(const std::string& expectation) {
    return R"(machines:
  a:
    services: [asker]
    terminals:
      - {name: to-b, type: network, address: 127.0.0.2:9001}
      - {name: to-c, type: network, address: 127.0.0.3:9001}
  b:
    services: [gpu-server]
    terminals:
      - {name: to-c, type: network, address: 127.0.0.3:9001, cost: 5}
  c:
    services: [gpu-server, disk]
  tail:
    services: [log]
    terminals:
      - {name: to-c, type: network, address: 127.0.0.3:9001}
expect:
  - )" + expectation +
           "\n";
}

// The problem of it; empty: none.
std::string problem(const std::string& expectation) {
    const Checked checked = parse_deployment(with(expectation));
    CHECK(checked.deployment.has_value() == checked.problems.empty());
    CHECK(checked.problems.size() <= 1);
    return checked.problems.empty() ? std::string() : checked.problems[0].text;
}

}  // namespace

TEST_SUITE("config.expect") {
    TEST_CASE("what the links keep is no problem") {
        CHECK(problem("{from: a, to: gpu-server}") == "");
        CHECK(problem("{from: a, to: gpu-server, max_hops: 1, survive: any-one-link}") == "");
        CHECK(problem("{from: a, to: gpu-server, max_hops: 1, survive: any-one-machine}") == "");
        CHECK(problem("{from: a, to: disk, max_hops: 2, survive: any-one-link}") == "");
        CHECK(problem("{to: gpu-server, max_hops: 1}") == "");
        CHECK(problem("{from: c, to: disk, max_hops: 0, max_cost: 0}") == "");
    }

    TEST_CASE("what they don't keep is a problem that says what happens instead") {
        CHECK(problem("{from: a, to: log, max_hops: 1}") ==
              "this expectation isn't kept: `a` reaches `log` in 2 hops, expected at most 1");
        CHECK(problem("{from: a, to: log, survive: any-one-link}") ==
              "this expectation isn't kept: without the link c-tail `a` doesn't reach `log`");
        CHECK(problem("{from: a, to: disk, survive: any-one-machine}") ==
              "this expectation isn't kept: without the machine c `a` doesn't reach `disk`");
        CHECK(problem("{from: a, to: gpu-server@b, max_cost: 1, survive: any-one-link}") ==
              "this expectation isn't kept: without the link a-b `a` reaches `gpu-server@b` at "
              "cost 2, expected at most 1");
    }

    TEST_CASE(
        "the cost that each side counts is used: one that names no cost of its own counts 1") {
        CHECK(problem("{from: b, to: disk, max_cost: 2}") == "");
        CHECK(problem("{from: b, to: disk, max_hops: 1}") ==
              "this expectation isn't kept: `b` reaches `disk` in 2 hops, expected at most 1");
    }

    TEST_CASE("names that aren't there, and wrong words, name the near miss") {
        CHECK(
            problem("{from: aa, to: disk}").find("is no machine of this file: did you mean `a`?") !=
            std::string::npos);
        CHECK(problem("{from: a, to: gpu-servr}").find("did you mean `gpu-server`?") !=
              std::string::npos);
        CHECK(problem("{from: a, to: disk, survive: any-one-lnk}")
                  .find("did you mean `any-one-link`?") != std::string::npos);
        CHECK(problem("{from: a}").find("needs `to`") != std::string::npos);
        CHECK(problem("{to: 'disk@*'}").find("expected service or service@machine") !=
              std::string::npos);
        CHECK(problem("{to: disk, max_hop: 2}").find("did you mean `max_hops`?") !=
              std::string::npos);
        CHECK(problem("gpu-server").find("an expectation: a map") != std::string::npos);
    }

    TEST_CASE("a problem stands where the expectation does") {
        const Checked checked = parse_deployment(with("{from: a, to: log, max_hops: 1}"));
        REQUIRE(checked.problems.size() == 1);
        CHECK(checked.problems[0].line == 18);
        CHECK(checked.problems[0].column == 5);
    }
}

}  // namespace jetway::config
