#include "cli/find_router.h"

#include <doctest/doctest.h>

#include "cli/exit_code.h"

namespace jetway::cli {

namespace {

std::string chosen(const std::string& option, const Surroundings& surroundings) {
    const auto endpoint = choose_router(option, surroundings);
    return endpoint ? endpoint->text() : endpoint.error().code;
}

}  // namespace

TEST_SUITE("cli.find_router") {
    TEST_CASE("the option comes before the environment, and that before the directory") {
        Surroundings here{"tcp://127.0.0.1:9000", "/run/jetway", {"/run/jetway/a.sock"}, "host"};
        CHECK(chosen("/x.sock", here) == "/x.sock");
        CHECK(chosen("", here) == "127.0.0.1:9000");
        here.environment.clear();
        CHECK(chosen("", here) == "/run/jetway/a.sock");
    }

    TEST_CASE("without any socket the host's own is the one to name") {
        CHECK(chosen("", {"", "/run/jetway", {}, "host"}) == "/run/jetway/host.sock");
    }

    TEST_CASE("of several sockets it is the host's own, or a question") {
        Surroundings here{"", "/run/jetway", {"/run/jetway/a.sock", "/run/jetway/b.sock"}, "b"};
        CHECK(chosen("", here) == "/run/jetway/b.sock");
        here.host = "c";
        CHECK(chosen("", here) == "no-router");
        const auto refused = choose_router("", here);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().detail.find("/run/jetway/a.sock, /run/jetway/b.sock") !=
              std::string::npos);
    }

    TEST_CASE("the exit codes of what can go wrong") {
        CHECK(exit_code_of("no-route") == 1);
        CHECK(exit_code_of("service-error") == 1);
        CHECK(exit_code_of("usage") == 2);
        CHECK(exit_code_of("no-router") == 4);
        CHECK(exit_code_of("closed") == 4);
        CHECK(exit_code_of("timeout") == 5);
        CHECK(exit_code_of("forbidden") == 6);
    }
}

}  // namespace jetway::cli
