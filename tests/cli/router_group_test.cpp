#include "cli/router_group.h"

#include <doctest/doctest.h>

namespace jetway::cli {

TEST_SUITE("cli.router_group") {
    TEST_CASE("a line of a router gets its machine") {
        CHECK(name_line("machine-a", "event key=1", 10, false) == "machine-a  | event key=1");
        CHECK(name_line("m", R"({"event":"up"})", 10, true) == R"({"event":"up"})");
        CHECK(name_line("m", "no JSON", 3, true) == "m   | no JSON");
    }
}

}  // namespace jetway::cli
