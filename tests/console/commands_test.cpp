#include "console/commands.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/console/desk.h"

namespace jetway::console {

using namespace tests;

namespace {

using Answer = std::optional<base::Result<Json>>;

Json ledger_of(const std::string& machine) {
    return json(R"({"machineId":")" + machine + R"(","counters":{},"links":[]})");
}

Json event(std::uint64_t number, const std::string& level, const std::string& what) {
    return Json{{"number", number},
                {"level", level},
                {"event", what},
                {"fields", {{"peer", "machine-b"}, {"why", "closed by it"}}},
                {"ageMs", 1'000}};
}

Json events(std::initializer_list<Json> rows, std::uint64_t next, std::uint64_t missed = 0) {
    Json all = Json::array();
    for (const Json& row : rows) {
        all.push_back(row);
    }
    return {{"events", all}, {"next", next}, {"missed", missed}};
}

}  // namespace

TEST_SUITE("console.commands") {
    TEST_CASE("ping: a line for each pong, 200 ms apart, then the summary") {
        Desk desk;
        CHECK(desk.type("ping web 2\n").empty());
        std::string said;
        for (int i = 0; i < 2; ++i) {
            REQUIRE(desk.questions.size() == static_cast<std::size_t>(i) + 1);
            const std::uint64_t number = desk.questions.back().number;
            CHECK(desk.questions.back().question.request == "ping");
            desk.wait(3ms);
            desk.say(number, json(R"({"reason":"forwarded","to":"to-machine-b","hopsLeft":31})"));
            CHECK(desk.settle().empty());
            desk.say(number,
                     json(R"({"reason":"delivered","machineId":"machine-b","hopsLeft":30})"));
            CHECK_FALSE(desk.session().waits_for(number));
            said += desk.settle();
            said += desk.wait(200ms);
        }
        CHECK(said ==
              "pong from web@machine-b via to-machine-b (1 hop) 3.0 ms\n"
              "pong from web@machine-b via to-machine-b (1 hop) 3.0 ms\n"
              "2 sent, 2 answered, min/avg/max 3.0/3.0/3.0 ms\n\n");
    }

    TEST_CASE("ping: what is refused is told, and counted as not answered") {
        Desk desk([](const Question&) -> Answer {
            return base::Error{"no-route", "nobody has it"};
        });
        CHECK(desk.type("ping web 1\n") ==
              "error: no pong from web: no-route: nobody has it\n1 sent, 0 answered\n\n");
    }

    TEST_CASE("ping starts where the terminal is, and says so elsewhere") {
        Desk desk;
        desk.type("at machine-c\n");
        CHECK(desk.type("ping web\n").find("type `at` first") != std::string::npos);
        CHECK(desk.questions.empty());
    }

    TEST_CASE("trace: asks the router that is looked from, and tells where it ended") {
        std::vector<std::string> to;
        Desk desk(
            [&to](const Question& question) -> Answer {
                to.push_back(question.to);
                return base::Error{"no-route", "nobody has it"};
            },
            {.machine = "machine-a", .address = [] { return "client-1@machine-a"; }});
        desk.type("at machine-b\n");
        std::string said = desk.type("trace web\n");
        said += desk.wait(60s);
        CHECK(to.front() == "router@machine-b");
        CHECK(said.find("no-route") != std::string::npos);
        CHECK(said.ends_with("\n\n"));
        CHECK(desk.session().idle());
        CHECK(desk.session().wake_at() == base::never);
    }

    TEST_CASE("trace: routers that say nothing don't keep it for ever") {
        Desk desk({}, {.machine = "machine-a", .address = [] { return "client-1@machine-a"; }});
        desk.type("trace web --deliver\n");
        CHECK_FALSE(desk.wait(60s).empty());
        CHECK(desk.session().idle());
        CHECK(desk.type("trace web@*\n").starts_with("error: a trace leads to one machine"));
    }

    TEST_CASE("trace: without a way to a router there is nothing to trace") {
        Desk desk;
        CHECK(desk.type("trace web\n") == "error: trace web: closed: no router is reached\n\n");
    }

    TEST_CASE("ledger: every machine is asked twice, the second time after all were the first") {
        std::vector<std::string> asked;
        Desk desk([&asked](const Question& question) -> Answer {
            asked.push_back(question.request + " " + question.machine);
            if (question.request == "graph") {
                return json(R"({"machines":[{"machineId":"a","reachable":true},
                    {"machineId":"b","reachable":true},{"machineId":"c","reachable":false}]})");
            }
            return ledger_of(question.machine);
        });
        CHECK(desk.type("ledger\n") ==
              "machine c can't be reached: its numbers are missing\nevery number adds up\n\n");
        CHECK(asked == std::vector<std::string>{"graph machine-a", "ledger a", "ledger b",
                                                "ledger a", "ledger b"});
    }

    TEST_CASE(
        "ledger: no more than 16 routers are asked at once, and one that is silent is named") {
        Json machines = Json::array();
        for (int i = 0; i < 100; ++i) {
            machines.push_back({{"machineId", "m" + std::to_string(i)}, {"reachable", true}});
        }
        Desk desk([&machines](const Question& question) -> Answer {
            if (question.request == "graph") {
                return Json{{"machines", machines}};
            }
            return std::nullopt;
        });
        desk.type("ledger\n");
        CHECK(desk.questions.size() == 17);
        std::string said = desk.wait(120s);
        CHECK(said.find("error: router@m99 does not answer: timeout") != std::string::npos);
        CHECK(desk.questions.size() == 201);
        CHECK(desk.session().idle());
    }

    TEST_CASE("drain: says what is waited for, asks again, and says when it is done") {
        int asked = 0;
        Desk desk([&asked](const Question& question) -> Answer {
            CHECK(question.request == "drain");
            CHECK(question.args.is_null() == (asked > 0));
            const bool done = ++asked > 3;
            return Json{{"services",
                         {{{"name", "web"},
                           {"state", done ? "drained" : "draining"},
                           {"instances", 2u},
                           {"queuedBytes", 1'536u}}}}};
        });
        std::string said = desk.type("drain web\n");
        said += desk.wait(1s);
        CHECK(said ==
              "draining web (2 instances, 1.5 KiB queued) at machine-a\n"
              "web is drained at machine-a\n\n");
        CHECK(asked == 4);
    }

    TEST_CASE("drain: what the router forbids is told") {
        Desk desk([](const Question&) -> Answer {
            return base::Error{"forbidden", "user 7 may not change this router"};
        });
        CHECK(desk.type("drain all\n") ==
              "error: drain of router@machine-a: forbidden: user 7 may not change this router\n\n");
        CHECK(desk.questions[0].question.args == Json{{"all", true}});
    }

    TEST_CASE("drain: is not watched for ever") {
        Desk desk([](const Question&) -> Answer {
            return Json{{"services", {{{"name", "web"}, {"state", "draining"}}}}};
        });
        desk.type("drain web\n");
        CHECK(desk.wait(31s).find("timeout: not drained in time") != std::string::npos);
        CHECK(desk.session().idle());
    }

    TEST_CASE("events: the last ones, then what comes, until the next line") {
        Desk desk;
        CHECK(desk.type("events\n") == "events of machine-a, info and above; Enter ends it\n");
        REQUIRE(desk.questions.size() == 1);
        CHECK(desk.questions[0].question.args == json(R"({"level":"info","limit":10})"));
        desk.say(desk.questions[0].number, events({event(7, "info", "link up")}, 9));
        std::string line = desk.settle();
        CHECK(line.substr(8) == " link up peer=machine-b why=\"closed by it\"\n");
        desk.wait(20ms);
        REQUIRE(desk.questions.size() == 2);
        CHECK(desk.questions[1].question.args ==
              json(R"({"level":"info","after":9,"limit":200,"waitMs":25000})"));
        CHECK(desk.questions[1].question.timeout > 25s);
        desk.say(desk.questions[1].number, events({event(10, "info", "link down")}, 10, 3));
        line = desk.settle();
        CHECK(line.starts_with("3 events lost\n"));
        CHECK(line.find(" link down peer=") != std::string::npos);
        CHECK(desk.type("help quit\n") == "\nquit\n  Ends\n\n");
        CHECK(desk.session().idle());
        CHECK(desk.wait(1h).empty());
        CHECK(desk.questions.size() == 2);
    }

    TEST_CASE("events: an empty line, and the end of the input, end them") {
        Desk desk;
        desk.type("events warning\n");
        CHECK(desk.questions[0].question.args["level"] == "warning");
        CHECK(desk.type("\n") == "\n");
        CHECK(desk.session().idle());
        desk.type("events\n");
        desk.session().on_end(desk.moment());
        CHECK(desk.session().ended());
    }

    TEST_CASE("events: who reads too slowly loses some, and is told how many") {
        Desk desk;
        desk.type("events\n");
        desk.say(desk.questions[0].number, events({}, 0));
        desk.wait(20ms);
        std::uint64_t number = 0;
        std::uint64_t given = 0;
        for (int i = 0; i < 100; ++i) {
            Json page = Json::array();
            for (int n = 0; n < 200; ++n) {
                page.push_back(event(++number, "info", "something that happens"));
            }
            REQUIRE(desk.questions.size() == static_cast<std::size_t>(i) + 2);
            desk.say(desk.questions.back().number, Json{{"events", page}, {"next", number}});
            given += 200;
            CHECK(desk.session().output_size() < Session::output + 4'096);
            // The shell has its time; nobody takes the output.
            const base::Instant wake = desk.session().wake_at();
            if (wake == base::never || desk.session().output_size() >= Session::output) {
                break;  // no more is asked for
            }
            desk.session().on_time({wake, desk.moment().wall});
            desk.answer();
        }
        const std::string text = desk.settle();
        CHECK(text.find(" events lost\n") != std::string::npos);
        std::uint64_t lines = 0;
        for (std::size_t at = text.find("happens"); at != std::string::npos;
             at = text.find("happens", at + 1)) {
            ++lines;
        }
        CHECK(lines + desk.session().counters().lost == given);
    }

    TEST_CASE("events: a router that is gone for a while is asked again") {
        bool gone = false;
        int refused = 0;
        Desk desk([&](const Question& question) -> Answer {
            if (gone) {
                ++refused;
                return base::Error{"no-route", "no way there"};
            }
            return question.args.contains("after") && refused == 0
                       ? Answer()
                       : Answer(events({event(1, "info", "link up")}, 1));
        });
        desk.type("at machine-c\n");
        desk.type("events\n");
        desk.wait(1s);
        gone = true;
        std::string said = desk.wait(60s);
        CHECK(refused > 5);
        CHECK(said.find("error: events of router@machine-c: timeout: ") != std::string::npos);
        CHECK(said.find("error:", said.find("error:") + 1) == std::string::npos);  // once
        gone = false;
        said = desk.wait(2s);
        CHECK(said.starts_with("router@machine-c answers again\n"));
    }

    TEST_CASE("events: a router that has none to follow says so") {
        Desk desk([](const Question&) -> Answer {
            return base::Error{"bad-envelope", "there is no request `events`"};
        });
        CHECK(desk.type("events\n")
                  .ends_with("error: events of router@machine-a: bad-envelope: there is no request "
                             "`events`\n\n"));
        CHECK(desk.session().idle());
    }

    TEST_CASE("log: a finer level is this session's alone, and ends in time") {
        Desk desk;
        CHECK(desk.type("log\n") == "events from info on: `events` shows them\n\n");
        CHECK(desk.type("log debug for 60s\n") ==
              "events from debug on, for 1 min: `events` shows them\n\n");
        CHECK(desk.questions.empty());  // the router hears nothing of it
        desk.type("events\n");
        CHECK(desk.questions[0].question.args["level"] == "debug");
        desk.say(desk.questions[0].number, events({}, 4));
        desk.wait(20ms);
        REQUIRE(desk.questions.size() == 2);
        desk.wait(55s);
        const auto parked = desk.questions.back();
        CHECK(parked.question.args["level"] == "debug");
        desk.wait(5s);  // it is over while the router has the request parked
        desk.say(parked.number,
                 events({event(5, "debug", "dialled"), event(6, "info", "link up")}, 6));
        const std::string said = desk.settle();
        CHECK(said.find("dialled") == std::string::npos);
        CHECK(said.find("link up") != std::string::npos);
        desk.type("\n");
        CHECK(desk.type("log\n") == "events from info on: `events` shows them\n\n");
    }

    TEST_CASE("history: each change has its time, by the clock here") {
        Desk desk([](const Question& question) -> Answer {
            CHECK(question.args["of"] == "web");
            CHECK(question.args["limit"] == 7);
            return json(R"({"reachMs":5000,"changes":[{"number":1,"ageMs":1000,
                "machineId":"machine-b","service":"web","change":"up"}]})");
        });
        const std::string said = desk.type("history web 7\n");
        CHECK(said.find("machine-b") != std::string::npos);
        CHECK(said.find(timestamp(desk.moment().wall - 1s).substr(11, 12)) != std::string::npos);
        CHECK(desk.type("history web none\n").starts_with("error: expected how many changes"));
    }

    TEST_CASE("a command is interrupted, and what comes for it later is nothing") {
        Desk desk;
        desk.type("ping web 100\n");
        desk.session().interrupt(desk.moment());
        CHECK(desk.settle() == "\n");
        CHECK(desk.session().idle());
        CHECK(desk.wait(1h).empty());
    }
}

}  // namespace jetway::console
