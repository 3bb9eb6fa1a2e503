#include "console/table.h"

#include <doctest/doctest.h>

namespace jetway::console {

TEST_SUITE("console.table") {
    TEST_CASE("columns are aligned by what they show, and numbers stand at the right") {
        Table table({"NAME", {"HOPS", true}, "STATE"});
        table.add({"grüße", "1", "up"});
        table.add({"gpu-server", "12", ""});
        table.add({"机器", "3", {"down", Tone::bad}});
        CHECK(table.text(false) ==
              "NAME        HOPS  STATE\n"
              "grüße          1  up\n"
              "gpu-server    12  -\n"
              "机器           3  down\n");
    }

    TEST_CASE("colour changes no width") {
        Table table({"A", "B"});
        table.add({{"up", Tone::good}, "x"});
        table.add({"longer", "y"});
        CHECK(table.text(true) ==
              "\033[1mA\033[0m       \033[1mB\033[0m\n"
              "\033[32mup\033[0m      x\n"
              "longer  y\n");
    }

    TEST_CASE("a cell can't break out of its line") {
        Table table({"A"});
        table.add({"x\ny\033[31m"});
        CHECK(table.text(false) == "A\nx\xef\xbf\xbdy\xef\xbf\xbd[31m\n");
    }

    TEST_CASE("a table without rows is its headings") {
        const Table table({"A", "B"});
        CHECK(table.empty());
        CHECK(table.text(false) == "A  B\n");
    }
}

}  // namespace jetway::console
