#include "console/completion.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "console/verbs.h"

namespace jetway::console {

namespace {

using Texts = std::vector<std::string>;

const Names mesh{{"machine-a", "machine-b", "other"}, {"gpu-server", "grid", "web"}};

}  // namespace

TEST_SUITE("console.completion") {
    TEST_CASE("the first word is a verb, then what the verb takes") {
        struct Case {
            const char* line;
            Texts words;
        };
        const Case cases[] = {
            {"ro", {"routes"}},
            {"  ro", {"routes"}},
            {"se", {"services"}},
            {"at ", {"machine-a", "machine-b", "other"}},
            {"at m", {"machine-a", "machine-b"}},
            {"at machine-a ", {}},
            {"explain g", {"gpu-server", "grid"}},
            {"explain gpu-server@",
             {"gpu-server@machine-a", "gpu-server@machine-b", "gpu-server@other"}},
            {"explain web@o", {"web@other"}},
            {"explain r", {"router"}},
            {"explain --", {"--header", "--json", "--source"}},
            {"routes ", {"all", "gpu-server", "grid", "web"}},
            {"routes all w", {"web"}},
            {"log ", {"debug", "error", "info", "warning"}},
            {"events w", {"warning"}},
            {"drain a", {"all"}},
            {"history m", {"machine-a", "machine-b"}},
            {"help ro", {"routes"}},
            {"prompt o", {"off", "on"}},
            {"status ", {}},
            {"nonsense ", {}},
            {"nonsense", {}},
        };
        for (const Case& one : cases) {
            INFO(one.line);
            CHECK(completions(one.line, mesh) == one.words);
        }
        CHECK(completions("", mesh).size() == verbs().size());
    }

    TEST_CASE("what all have in common is what can be completed") {
        CHECK(common_beginning({"machine-a", "machine-b"}) == "machine-");
        CHECK(common_beginning({"web"}) == "web");
        CHECK(common_beginning({"web", "gpu"}).empty());
        CHECK(common_beginning({}).empty());
    }

    TEST_CASE("names come from the graph, each once, and none that is no name") {
        const auto graph = envelope::parse_json(R"({"machines":[
            {"machineId":"machine-a","services":[{"name":"web"},{"name":"\u001b[2J"}]},
            {"machineId":"machine-b","services":[{"name":"web"},{"name":"grid"}]},
            {"machineId":"a b"}, 7]})");
        REQUIRE(graph);
        const Names names = names_in(*graph);
        CHECK(names.machines == Texts{"machine-a", "machine-b"});
        CHECK(names.services == Texts{"web", "grid"});
        CHECK(names_in(envelope::Json::array()).machines.empty());
    }
}

}  // namespace jetway::console
