#include "console/session.h"

#include <doctest/doctest.h>

#include "console/text.h"
#include "console/verbs.h"
#include "tests/console/desk.h"

namespace jetway::console {

using namespace tests;

namespace {

base::Result<Json> routes_here() {
    return json(R"({"schema":"jetway.routes/1","machineId":"machine-a","routes":[
        {"service":"gpu-server","machineId":"machine-c","terminal":"to-machine-c",
         "via":"machine-a→machine-c","hops":1,"cost":1,"state":"selected","origin":"gossip",
         "health":"up"},
        {"service":"pty-server","machineId":"machine-a","terminal":"local","via":null,
         "hops":0,"cost":0,"state":"selected","origin":"local","health":"up"}]})");
}

Desk::Router answers(base::Result<Json> answer) {
    return [answer](const Question&) { return std::optional(answer); };
}

}  // namespace

TEST_SUITE("console.session") {
    TEST_CASE("a line is answered with a table and an empty line") {
        Desk desk(answers(routes_here()));
        CHECK(
            desk.type("routes\n") ==
            "SERVICE     MACHINE    TERMINAL      VIA                  HOPS  COST  STATE     "
            "HEALTH  ORIGIN\n"
            "gpu-server  machine-c  to-machine-c  machine-a→machine-c     1     1  selected  up   "
            "   gossip\n"
            "pty-server  machine-a  local         -                       0     0  selected  up   "
            "   local\n\n");
        REQUIRE(desk.questions.size() == 1);
        CHECK(desk.questions[0].question.request == "routes");
        CHECK(desk.questions[0].question.machine == "machine-a");
        CHECK(desk.questions[0].question.args == Json{{"all", false}});
        CHECK(desk.session().idle());
    }

    TEST_CASE("routes of one service, and with alternatives") {
        Desk desk(answers(routes_here()));
        const std::string text = desk.type("routes all pty-server\n");
        CHECK(text.find("gpu-server") == std::string::npos);
        CHECK(text.find("pty-server  machine-a  local") != std::string::npos);
        CHECK(desk.questions[0].question.args == Json{{"all", true}});
        CHECK(desk.type("routes web\n") == "no route to `web` is known here\n\n");
    }

    TEST_CASE("what makes no sense is answered with what was probably meant") {
        Desk desk;
        struct Case {
            const char* line;
            const char* answer;
        };
        const Case cases[] = {
            {"statsu",
             "error: there is no verb `statsu`: did you mean `status`?; `help` lists "
             "them\n\n"},
            {"explain", "error: expected `explain DEST`\n\n"},
            {"explain a@b@c",
             "error: expected service, service@machine or service@*, not `a@b@c`"
             "\n\n"},
            {"status --jsn", "error: status has no option `--jsn`: did you mean `--json`?\n\n"},
            {"explain web --source", "error: expected a value after --source\n\n"},
            {"ping web@*", "error: ping goes to one machine: name it, or leave @* out\n\n"},
            {"log verbose",
             "error: there is no level `verbose`: expected one of `debug`, `info`, `warning`, "
             "`error`\n\n"},
            {"log debug for ever", "error: expected `log LEVEL for 60s`, and at most 24h\n\n"},
            {"log debug for 25h", "error: expected `log LEVEL for 60s`, and at most 24h\n\n"},
            {"at a@b", "error: expected the name of a machine, not `a@b`\n\n"},
            {"", "machine-a: `help` lists the verbs\n\n"},
        };
        for (const Case& one : cases) {
            INFO(one.line);
            CHECK(desk.type(one.line + std::string("\n")) == one.answer);
        }
        CHECK(desk.questions.empty());
        CHECK(desk.session().counters().lines == std::size(cases));
        CHECK(desk.session().counters().refused == std::size(cases) - 1);
    }

    TEST_CASE("every verb has its help, and `help` lists them all") {
        Desk desk;
        const std::string all = desk.type("help\n");
        for (const Verb& verb : verbs()) {
            CHECK(all.find("  " + std::string(verb.usage)) != std::string::npos);
            CHECK(desk.type("help " + std::string(verb.name) + "\n")
                      .starts_with(std::string(verb.usage) + "\n"));
        }
        CHECK(desk.type("help rotues\n").find("did you mean `routes`?") != std::string::npos);
    }

    TEST_CASE("what is typed is never repeated raw") {
        Desk desk;
        const std::string answer = desk.type("\x1b[2J\x07\xff\xff\xfe\n");
        CHECK(answer.find('\x1b') == std::string::npos);
        CHECK(answer.find("`\\x1b[2J\\x07\\xff\\xfe`") != std::string::npos);
        CHECK(is_utf8(answer));
    }

    TEST_CASE("what a router answers is made printable, errors included") {
        Desk desk([](const Question& question) -> std::optional<base::Result<Json>> {
            if (question.request == "status") {
                return base::Error{"no-route", "\x1b[31m\nred"};
            }
            return json(R"({"routes":[{"service":"[H\n"}]})");
        });
        for (const char* line : {"status\n", "routes\n"}) {
            std::string answer = desk.type(line);
            REQUIRE(answer.ends_with("\n\n"));
            std::erase(answer, '\n');
            CHECK(printable(answer) == answer);
        }
    }

    TEST_CASE("an error of the router is told, and the next line is answered") {
        Desk desk(answers(base::Error{"no-route", "no way to machine-c"}));
        CHECK(desk.type("at machine-c\nstatus\nhelp quit\n") ==
              "at machine-c\n\nerror: status of router@machine-c: no-route: no way to machine-c\n\n"
              "quit\n  Ends\n\n");
        CHECK(desk.questions[0].question.machine == "machine-c");
        CHECK(desk.type("at\n") == "at machine-a\n\n");
        desk.type("status\n");
        CHECK(desk.questions[1].question.machine == "machine-a");
    }

    TEST_CASE("lines wait for the answer before them") {
        Desk desk;  // answers nothing
        CHECK(desk.type("status\nhelp quit\nstatus\n").empty());
        REQUIRE(desk.questions.size() == 1);
        desk.say(desk.questions[0].number, json("{}"));
        CHECK(desk.settle().ends_with("quit\n  Ends\n\n"));
        CHECK(desk.questions.size() == 2);
    }

    TEST_CASE("an answer that doesn't come is told after 5 s, and what comes later is nothing") {
        Desk desk;
        desk.type("status\n");
        CHECK(desk.wait(4s).empty());
        CHECK(desk.wait(2s) ==
              "error: status of router@machine-a: timeout: no answer came from "
              "router@machine-a\n\n");
        desk.say(desk.questions[0].number, json("{}"));
        CHECK(desk.settle().empty());
        CHECK(desk.session().idle());
    }

    TEST_CASE("who types nothing for an hour costs nothing, and is answered after it") {
        Desk desk(answers(routes_here()));
        CHECK(desk.wait(1h).empty());
        CHECK(desk.wakes == 0);
        CHECK(desk.session().wake_at() == base::never);
        CHECK_FALSE(desk.session().ended());
        CHECK(desk.type("routes\n").starts_with("SERVICE"));
    }

    TEST_CASE("a megabyte without a newline is one error, and no memory") {
        Desk desk;
        std::string said;
        for (int i = 0; i < 16; ++i) {
            said += desk.type(std::string(65'536, 'x'));
            CHECK(desk.session().wants_input());
        }
        CHECK(said == "error: a line has at most 4096 bytes: this one is left out to its end\n\n");
        CHECK(desk.type("\nhelp quit\n") == "quit\n  Ends\n\n");
    }

    TEST_CASE("who types without reading is no longer read from, and loses nothing of it") {
        Desk desk;
        const Session::Moment moment = desk.moment();
        std::size_t typed = 0;
        while (desk.session().wants_input()) {
            desk.session().on_bytes(base::as_bytes("help\n"), moment);
            ++typed;
            REQUIRE(typed < 100'000);
        }
        CHECK(desk.session().output_size() < Session::output + 4'096);
        std::string all;
        for (std::string some = desk.session().take_output(moment); !some.empty();
             some = desk.session().take_output(moment)) {
            CHECK(some.size() < Session::output + 4'096);
            all += some;
        }
        std::size_t answers = 0;
        for (std::size_t at = all.find("quit"); at != std::string::npos;
             at = all.find("quit", at + 1)) {
            ++answers;
        }
        CHECK(answers == typed);
        CHECK(desk.session().wants_input());
    }

    TEST_CASE("`prompt` asks for a prompt, which names the machine that is looked from") {
        Desk desk;
        CHECK(desk.type("prompt\n") == "machine-a> ");
        CHECK(desk.type("at machine-c\n") == "machine-c> ");
        CHECK(desk.type("\n") == "machine-c> ");
        CHECK(desk.type("prompt off\n") == "\n");
    }

    TEST_CASE("after the end of the input what was typed is still answered, then it ends") {
        Desk desk;
        desk.session().on_bytes(base::as_bytes("status\nhelp quit"), desk.moment());
        desk.session().on_end(desk.moment());
        CHECK_FALSE(desk.session().ended());
        desk.answer();
        REQUIRE(desk.questions.size() == 1);
        desk.say(desk.questions[0].number, json("{}"));
        CHECK(desk.session().ended());
        CHECK(desk.settle().ends_with("quit\n  Ends\n\n"));
    }

    TEST_CASE("`quit` ends it, and nothing after it is run") {
        Desk desk;
        CHECK(desk.type("quit\nhelp\n").empty());
        CHECK(desk.session().ended());
        CHECK_FALSE(desk.session().wants_input());
    }

    TEST_CASE("where a token is asked for, nothing but help is said without it") {
        Desk::Router router = answers(json("{}"));
        const auto check = [](std::string_view token) { return token == "open sesame"; };
        Desk desk(router, {.machine = "machine-a", .check_token = check});
        CHECK(desk.type("status\n") ==
              "error: this terminal asks for a token: type `token TEXT` first\n\n");
        CHECK(desk.type("help\n").find("routes") != std::string::npos);
        CHECK(desk.questions.empty());
        CHECK(desk.type("token wrong\nstatus\n") ==
              "error: forbidden: this terminal asks for a token: expected the one of the "
              "deployment\n\n");
        CHECK(desk.session().ended());
        Desk right(router, {.machine = "machine-a", .check_token = [](std::string_view token) {
                                return token == "sesame";
                            }});
        CHECK(right.type("token sesame\n") == "\n");
        CHECK(right.type("status\n").starts_with("machine"));
    }

    TEST_CASE("--json is the answer itself, in one line") {
        Desk desk(answers(json(R"({"schema":"jetway.status/1","machineId":"machine-a"})")));
        CHECK(desk.type("status --json\n") ==
              "{\"schema\":\"jetway.status/1\",\"machineId\":\"machine-a\"}\n\n");
    }
}

}  // namespace jetway::console
