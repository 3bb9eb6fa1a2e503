#include "console/views.h"

#include <doctest/doctest.h>

#include "console/ping_report.h"
#include "console/text.h"
#include "tests/console/answer.h"

namespace jetway::console {

namespace {

using tests::json;

}  // namespace

TEST_SUITE("console.views") {
    TEST_CASE("routes are a table") {
        CHECK(
            routes_text(json(R"({"schema":"jetway.routes/1","machineId":"machine-a","routes":[
            {"service":"gpu-server","machineId":"machine-c","terminal":"to-machine-c",
             "via":"machine-c","hops":1,"cost":1,"state":"selected","origin":"gossip",
             "health":"up"},
            {"service":"pty-server","machineId":"machine-a","terminal":"local","via":null,
             "hops":0,"cost":0,"state":"selected","origin":"local","health":"up"}]})"),
                        false) ==
            "SERVICE     MACHINE    TERMINAL      VIA        HOPS  COST  STATE     HEALTH  ORIGIN\n"
            "gpu-server  machine-c  to-machine-c  machine-c     1     1  selected  up      gossip\n"
            "pty-server  machine-a  local         -             0     0  selected  up      "
            "local\n");
    }

    TEST_CASE("status says first that it is insecure") {
        const std::string text =
            status_text(json(R"({"machineId":"machine-a","insecure":true,"uptimeMs":61000,
                     "terminals":{"up":2,"all":3},"counters":{"received":1234,
                     "refused":{"no-route":2,"overloaded":0}}})"),
                        false);
        CHECK(text.starts_with("INSECURE"));
        CHECK(text.find("up          1 min 1 s\n") != std::string::npos);
        CHECK(text.find("terminals   2 up of 3\n") != std::string::npos);
        CHECK(text.find("received    1,234\n") != std::string::npos);
        CHECK(text.find("refused     no-route 2\n") != std::string::npos);
        CHECK_FALSE(status_text(json(R"({"insecure":false})"), false).starts_with("INSECURE"));
    }

    TEST_CASE("what a router says in a sentence moves no cursor, either") {
        const auto odd =
            json(R"({"destination":"web\u001b[2J","machineId":"a\nb","outcome":"refused",
                                  "service":"\u001b]0;x\u0007","address":"\u202e","code":"\u0000"})");
        for (std::string text : {explain_text(odd, false), registration_text(odd)}) {
            std::erase(text, '\n');
            CHECK(printable(text) == text);
        }
    }

    TEST_CASE("an answer of wrong types is shown without harm") {
        const auto odd = json(R"({"routes":[1,{"hops":"x"}],"services":{},"terminals":7,
                                  "neighbours":[{"lastHeardMs":-1}],"counters":[],
                                  "uptimeMs":"long"})");
        for (const auto text :
             {status_text, routes_text, services_text, terminals_text, neighbours_text}) {
            CHECK_FALSE(text(odd, true).empty());
            CHECK_FALSE(text(envelope::Json::array(), true).empty());
        }
    }
}

TEST_SUITE("cli.ping") {
    TEST_CASE("the reports of the routers make the way") {
        Pong pong;
        CHECK_FALSE(pong.add(json(R"({"machineId":"machine-a","from":"local-1",
            "to":"to-machine-c","hopsLeft":32,"reason":"forwarded","microseconds":3})")));
        CHECK(pong.add(json(R"({"machineId":"machine-c","from":"from-machine-a","to":"local-2",
            "hopsLeft":31,"reason":"delivered","microseconds":3})")));
        pong.round_trip = std::chrono::microseconds(204);
        CHECK(pong.text("gpu-server") ==
              "pong from gpu-server@machine-c via to-machine-c (1 hop) 0.2 ms");
    }

    TEST_CASE("reports may come out of order") {
        Pong pong;
        pong.add(json(R"({"machineId":"b","to":"to-c","hopsLeft":31,"reason":"forwarded"})"));
        pong.add(json(R"({"machineId":"a","to":"to-b","hopsLeft":32,"reason":"forwarded"})"));
        CHECK(pong.add(json(R"({"machineId":"c","to":"x","hopsLeft":30,"reason":"delivered"})")));
        CHECK(pong.via == "to-b");
        CHECK(pong.hops == 2);
    }

    TEST_CASE("the summary has min, avg and max of what was answered") {
        std::vector<Pong> pongs(2);
        pongs[0].round_trip = std::chrono::microseconds(200);
        pongs[1].round_trip = std::chrono::microseconds(400);
        CHECK(summarize(pongs, 3).text() == "3 sent, 2 answered, min/avg/max 0.2/0.3/0.4 ms");
        CHECK(summarize({}, 1).text() == "1 sent, 0 answered");
    }
}

TEST_SUITE("cli.router_group") {}

}  // namespace jetway::console
