#include "cli/options.h"

#include <doctest/doctest.h>

namespace jetway::cli {

using namespace std::chrono_literals;

TEST_SUITE("cli.options") {
    TEST_CASE("a duration has a unit, or is a usage error that says so") {
        const auto parse = [](std::vector<std::string> args, base::Duration& to) {
            CLI::App app;
            add_duration(app, "--timeout", to, "");
            try {
                app.parse(std::move(args));
            } catch (const CLI::ParseError& error) {
                return std::string(error.what());
            }
            return std::string();
        };
        base::Duration duration = 5s;
        CHECK(parse({}, duration) == "");
        CHECK(duration == 5s);
        // CLI11 takes a vector of arguments from its end.
        CHECK(parse({"200ms", "--timeout"}, duration) == "");
        CHECK(duration == 200ms);
        CHECK(parse({"3", "--timeout"}, duration) != "");
        CHECK(parse({"soon", "--timeout"}, duration) != "");
        CHECK(duration == 200ms);
    }

    TEST_CASE("headers become a map of text to text") {
        CHECK(pack_headers({}).empty());
        CHECK(pack_headers({"k=v=w"}) == base::Bytes{0x81, 0xa1, 'k', 0xa3, 'v', '=', 'w'});
    }
}

}  // namespace jetway::cli
