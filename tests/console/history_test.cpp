// The texts of history and graph.
#include <doctest/doctest.h>

#include "console/graph_text.h"
#include "console/views.h"
#include "tests/console/answer.h"

namespace jetway::console {

namespace {

using tests::json;

// Of b, with machines a ─ b ─ c in a line.
const char* const graph_of_line = R"({"machineId":"a","machines":[
    {"machineId":"a","reachable":true,"services":[]},
    {"machineId":"b","reachable":true,"services":[{"name":"gpu","health":"up","up":2},
                                                  {"name":"pty","health":"detached","up":0}]},
    {"machineId":"c","reachable":true,"services":[]}],
    "links":[{"machineId":"b","terminal":"to-b","state":"up","cost":1},
             {"machineId":"z","terminal":"to-z","state":"down","cost":5}],
    "ways":[{"machineId":"b","neighbour":"b","hops":1,"cost":1,"state":"selected"},
            {"machineId":"c","neighbour":"b","hops":2,"cost":3,"state":"selected"}]})";

}  // namespace

TEST_SUITE("console.graph") {
    TEST_CASE("mermaid: links are lines, learned ways are dotted arrows, and labels say so") {
        CHECK(graph_mermaid(json(graph_of_line)) ==
              R"mermaid(flowchart LR
    %% The mesh as the router of a sees it.
    %% Lines are its own links. Dotted arrows are ways that a neighbour announced, and no links.
    m0["a"]:::self
    m1["b<br/>gpu ×2<br/>pty (detached)"]
    m2["c"]
    m3["z"]:::unreachable
    m0 ---|"link, cost 1"| m1
    m0 x--x|"link down, cost 5"| m3
    m1 -.->|"way: 2 hops, cost 3"| m2
    classDef self stroke-width:3px
    classDef unreachable stroke-dasharray:4 4
)mermaid");
    }

    TEST_CASE("dot: the same") {
        const std::string text = graph_dot(json(graph_of_line));
        for (const char* part :
             {"m0 [label=\"a\", penwidth=3]", "m1 [label=\"b\\ngpu ×2\\npty (detached)\"]",
              "m3 [label=\"z\", style=dashed]", "m0 -> m1 [dir=none, label=\"link, cost 1\"]",
              "m0 -> m3 [dir=none, color=red, label=\"link down, cost 5\"]",
              "m1 -> m2 [style=dashed, label=\"way: 2 hops, cost 3\"]"}) {
            CAPTURE(part);
            CHECK(text.find(part) != std::string::npos);
        }
    }

    TEST_CASE("a name is text, whatever it holds") {
        envelope::Json answer;
        answer["machineId"] = "a\"]\n%%{init}%% <b>#`;&\\N";
        const std::string mermaid = graph_mermaid(answer);
        CHECK(mermaid.find("m0[\"a#34;#93;\xEF\xBF\xBD#37;#37;#123;init#125;#37;#37; "
                           "#60;b#62;#35;#96;#59;#38;#92;N\"]:::self\n") != std::string::npos);
        const std::string dot = graph_dot(answer);
        CHECK(dot.find("m0 [label=\"a\\\"]\xEF\xBF\xBD%%{init}%% <b>#`;&\\\\N\", penwidth=3]\n") !=
              std::string::npos);
    }
}

TEST_SUITE("console.history") {
    TEST_CASE("the oldest change first, each with both sides and its cause") {
        const std::string text = history_text(
            json(
                R"({"time":"2025-11-20T14:03:30.000+00:00","reachMs":61000,"more":true,"changes":[
            {"number":3,"time":"2025-11-20T14:03:22.123+00:00","machineId":"machine-a",
             "service":"gpu","change":"up","before":{"health":"up","up":1},
             "after":{"health":"up","up":2},"cause":{"event":"attach","of":"client-7","code":""}},
            {"number":2,"time":"2025-11-19T23:00:00.000+00:00","machineId":"machine-c","service":"",
             "change":"lost","before":{"neighbour":"machine-b","terminal":"to-machine-b","hops":2,
             "cost":3},"after":null,
             "cause":{"event":"link-down","of":"machine-b","code":"silent"}}]})"),
            false);
        CHECK(text ==
              "TIME                     MACHINE    SERVICE  CHANGE  BEFORE                         "
              "AFTER            CAUSE\n"
              "2025-11-19 23:00:00.000  machine-c  -        lost    via machine-b, 2 hops, cost 3  "
              "-                link down to machine-b (silent)\n"
              "14:03:22.123             machine-a  gpu      up      up                             "
              "up, 2 instances  attach of client-7\n"
              "There are older ones: --limit shows more; the history reaches back 1 min 1 s\n");
    }

    TEST_CASE("an answer of wrong types is shown without harm") {
        const auto odd = json(
            R"({"changes":[1,{"time":7,"before":3,"cause":[]}],"machines":[4,{"services":7}],
                "links":[{}],"ways":[[],{"machineId":5}],"reachMs":-1})");
        for (const auto text : {graph_mermaid, graph_dot}) {
            CHECK_FALSE(text(odd).empty());
            CHECK_FALSE(text(envelope::Json::array()).empty());
        }
        CHECK_FALSE(history_text(odd, true).empty());
        CHECK_FALSE(history_text(envelope::Json::array(), true).empty());
    }
}

}  // namespace jetway::console
