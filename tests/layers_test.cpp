// The rules of the tree, kept by reading it: each room includes only the rooms below it, and the
// core makes no system call, reads no clock, starts no thread and writes no log.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path root = JETWAY_ROOT;

const std::map<std::string, std::set<std::string>> may_include = {
    {"base", {}},
    {"envelope", {"base"}},
    {"terminal", {"base", "envelope"}},
    {"gossip", {"base", "envelope"}},
    {"balance", {"base", "envelope"}},
    {"router", {"base", "envelope", "terminal", "gossip", "balance"}},
    {"config", {"base", "envelope", "terminal", "gossip", "balance", "router"}},
    {"ninep", {"base", "envelope", "terminal", "gossip", "balance", "router"}},
    {"console", {"base", "envelope"}},
    {"admin", {"base", "envelope", "terminal", "router"}},
    {"sim", {"base", "envelope", "terminal", "gossip", "balance", "router"}},
    {"io", {"base"}},
    {"transport", {"base", "envelope", "terminal", "io"}},
    {"client", {"base", "envelope", "terminal", "io", "transport"}},
    {"daemon",
     {"base", "envelope", "terminal", "gossip", "balance", "router", "ninep", "admin", "console",
      "config", "io", "transport"}},
    {"cli",
     {"base", "envelope", "terminal", "gossip", "balance", "router", "ninep", "console", "config",
      "io", "transport", "client", "daemon", "sim"}},
};

const std::set<std::string> pure = {"base",  "envelope", "terminal", "gossip", "balance", "router",
                                    "ninep", "admin",    "console",  "config", "sim"};

// What the core may not contain, and why it would want to.
const std::vector<std::regex> impure = {
    std::regex(
        R"(#include <(thread|mutex|atomic|random|future|fstream|iostream|unistd\.h|sys/.*|uv\.h|spdlog/.*)>)"),
    std::regex(R"(::now\(\))"),
    std::regex(R"(\b(getenv|time|rand)\()"),
};

std::vector<fs::path> sources(const std::string& room) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
        if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp") {
            files.push_back(entry.path());
        }
    }
    return files;
}

std::vector<std::string> lines(const fs::path& path) {
    std::ifstream file(path);
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);) {
        all.push_back(line);
    }
    return all;
}

}  // namespace

TEST_SUITE("layers") {
    TEST_CASE("each room includes only itself and the rooms below it") {
        const std::regex include(R"re(^#include "([a-z_]+)/)re");
        for (const auto& [room, below] : may_include) {
            REQUIRE_FALSE(sources(room).empty());
            for (const fs::path& path : sources(room)) {
                for (const std::string& line : lines(path)) {
                    std::smatch match;
                    if (std::regex_search(line, match, include)) {
                        const std::string other = match[1];
                        INFO(path.string(), " includes ", other);
                        CHECK((other == room || below.count(other) == 1));
                    }
                }
            }
        }
    }

    TEST_CASE("the core makes no system call, reads no clock, starts no thread and writes no log") {
        for (const std::string& room : pure) {
            for (const fs::path& path : sources(room)) {
                for (const std::string& line : lines(path)) {
                    for (const std::regex& forbidden : impure) {
                        INFO(path.string(), ": ", line);
                        CHECK_FALSE(std::regex_search(line, forbidden));
                    }
                }
            }
        }
    }

    TEST_CASE("libuv is used in io alone") {
        for (const auto& [room, below] : may_include) {
            for (const fs::path& path : sources(room)) {
                for (const std::string& line : lines(path)) {
                    INFO(path.string());
                    CHECK((room == "io" || line.find("<uv.h>") == std::string::npos));
                }
            }
        }
    }
}
