#include "cli/exec_pool.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "client/runtime.h"

namespace jetway::cli {

namespace {

using namespace std::chrono_literals;

// Runs `inputs` through the pool and gives what came, by index: the output, or the error's code.
struct Outcome {
    std::vector<std::string> results;
    std::size_t refused = 0;
    std::size_t most_running = 0;
};

Outcome run(ExecOptions options, const std::vector<std::string>& inputs) {
    client::Runtime runtime;
    ExecPool pool(runtime.loop(), std::move(options));
    Outcome outcome;
    outcome.results.resize(inputs.size());
    std::size_t done = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const bool taken =
            pool.submit({{inputs[i].begin(), inputs[i].end()},
                         {{"JETWAY_SOURCE", "asker@machine-a"}},
                         [&, i](base::Result<base::Bytes> output) {
                             outcome.most_running =
                                 std::max(outcome.most_running, pool.running() + 1);
                             outcome.results[i] =
                                 output ? std::string(base::as_text(*output)) : output.error().code;
                             ++done;
                         }});
        outcome.refused += taken ? 0U : 1U;
    }
    CHECK(runtime.wait_until([&] { return done + outcome.refused == inputs.size(); },
                             runtime.now() + 20s));
    return outcome;
}

}  // namespace

TEST_SUITE("cli.exec_pool") {
    TEST_CASE("a command gets the data on stdin, and what it writes is the answer") {
        const Outcome outcome = run({.command = "tr a-z A-Z; printf %s $JETWAY_SOURCE"}, {"hi "});
        CHECK(outcome.results[0] == "HI asker@machine-a");
    }

    TEST_CASE("so many run at once, the others wait their turn, and beyond that they are refused") {
        const Outcome outcome =
            run({.command = "cat", .jobs = 2, .waiting = 3}, {"a", "b", "c", "d", "e", "f"});
        CHECK(outcome.refused == 1);
        CHECK(outcome.most_running <= 2);
        CHECK(outcome.results == std::vector<std::string>{"a", "b", "c", "d", "e", ""});
    }

    TEST_CASE("failing, hanging and writing without end are errors of their own") {
        CHECK(run({.command = "exit 3"}, {"x"}).results[0] == "service-error");
        CHECK(run({.command = "kill -9 $$"}, {"x"}).results[0] == "service-error");
        CHECK(run({.command = "exec sleep 60", .time_limit = 50ms}, {"x"}).results[0] == "timeout");
        CHECK(run({.command = "cat /dev/zero", .output_limit = 10'000}, {"x"}).results[0] ==
              "too-large");
    }
}

}  // namespace jetway::cli
