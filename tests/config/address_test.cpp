#include "config/address.h"

#include <doctest/doctest.h>

namespace jetway::config {

TEST_SUITE("config.address") {
    TEST_CASE("every form that means the same gives the same address") {
        struct Case {
            const char* text;
            const char* host;
            std::uint16_t port;
            const char* shown;
        };
        const Case cases[] = {
            {"10.0.0.2:9001", "10.0.0.2", 9001, "10.0.0.2:9001"},
            {"tcp://10.0.0.2:9001", "10.0.0.2", 9001, "10.0.0.2:9001"},
            {"[::1]:9001", "::1", 9001, "[::1]:9001"},
            {"[0:0:0:0:0:0:0:1]:1", "::1", 1, "[::1]:1"},
            {"tcp://[FE80::1%eth0]:65535", "fe80::1%eth0", 65535, "[fe80::1%eth0]:65535"},
            {"Gpu-Box.Example.org:9001", "gpu-box.example.org", 9001, "gpu-box.example.org:9001"},
            {"localhost:1", "localhost", 1, "localhost:1"}};
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const auto parsed = parse_address(c.text);
            REQUIRE(parsed);
            CHECK(parsed->scheme == Address::Scheme::tcp);
            CHECK(parsed->host == c.host);
            CHECK(parsed->port == c.port);
            CHECK(parsed->text() == c.shown);
            CHECK(*parse_address(parsed->text()) == *parsed);
        }
    }

    TEST_CASE("a Unix socket is its whole path") {
        const auto parsed = parse_address("unix:///run/jetway/a.sock");
        REQUIRE(parsed);
        CHECK(parsed->scheme == Address::Scheme::unix_socket);
        CHECK(parsed->path == "/run/jetway/a.sock");
        CHECK(parsed->text() == "unix:///run/jetway/a.sock");
        CHECK(parse_address("unix:///" + std::string(106, 'a')));
        CHECK_FALSE(parse_address("unix:///" + std::string(107, 'a')));
    }

    TEST_CASE("tls, ws and wss have a host and a port, and WebSockets a path") {
        const auto tls = parse_address("tls://Gpu-Box:9001");
        REQUIRE(tls);
        CHECK(tls->scheme == Address::Scheme::tls);
        CHECK(tls->is_encrypted());
        CHECK(tls->text() == "tls://gpu-box:9001");
        CHECK(tls->place() == parse_address("gpu-box:9001")->place());
        CHECK_FALSE(*tls == *parse_address("gpu-box:9001"));
        const auto ws = parse_address("ws://[::1]:80");
        REQUIRE(ws);
        CHECK_FALSE(ws->is_encrypted());
        CHECK(ws->text() == "ws://[::1]:80/");
        const auto wss = parse_address("wss://host:443/a/b?c=d");
        REQUIRE(wss);
        CHECK(wss->path == "/a/b?c=d");
        CHECK(*parse_address(wss->text()) == *wss);
    }

    TEST_CASE("what is no address is refused in words that say what was expected") {
        struct Case {
            const char* text;
            const char* says;
        };
        const Case cases[] = {{"", "has no port"},
                              {"10.0.0.2", "has no port"},
                              {":9001", "has no host"},
                              {"10.0.0.2:", "expected a port from 1 to 65535"},
                              {"10.0.0.2:0", "expected a port from 1 to 65535"},
                              {"10.0.0.2:65536", "expected a port from 1 to 65535"},
                              {"10.0.0.2:http", "expected a port"},
                              {"10.0.0.2:9001/", "no path"},
                              {"10.0.0.256:9001", "is no IPv4 address"},
                              {"10.0.2:9001", "is no IPv4 address"},
                              {"a b:9001", "is no host"},
                              {"-a:9001", "is no host"},
                              {"a..b:9001", "is no host"},
                              {"*:9001", "`0.0.0.0`"},
                              {"::1:9001", "in brackets"},
                              {"[::1]", "has no port"},
                              {"[::1]9001", "has no port"},
                              {"[::g]:9001", "expected an IPv6 address"},
                              {"[]:9001", "expected an IPv6 address"},
                              {"[::1%]:9001", "expected an IPv6 address"},
                              {"[::1:9001", "expected an IPv6 address"},
                              {"[::1]x:9001", "expected an IPv6 address"},
                              {"unix://", "whole path"},
                              {"unix://relative", "whole path"},
                              {"unix:///", "whole path"},
                              {"/run/a.sock", "unix:///path"},
                              {"tls://10.0.0.2:9001/x", "no path"},
                              {"tls://10.0.0.2", "has no port"},
                              {"ws:///x", "has no port"},
                              {"wss://10.0.0.2:9001/a b", "expected a path"},
                              {"tsl://10.0.0.2:9001", "did you mean `tls`?"},
                              {"tpc://10.0.0.2:9001", "did you mean `tcp`?"},
                              {"http://10.0.0.2:9001", "expected one of `tcp`"}};
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const auto parsed = parse_address(c.text);
            REQUIRE_FALSE(parsed);
            CHECK_MESSAGE(parsed.error().detail.find(c.says) != std::string::npos,
                          parsed.error().detail);
        }
    }

    TEST_CASE("loopback hosts are those that only this host reaches") {
        for (const char* host :
             {"127.0.0.1", "127.77.3.4", "::1", "::ffff:127.0.0.1", "localhost"}) {
            CAPTURE(host);
            CHECK(is_loopback_host(host));
        }
        for (const char* host : {"10.0.0.1", "0.0.0.0", "::", "fe80::1", "128.0.0.1",
                                 "::ffff:10.0.0.1", "127.example.org", ""}) {
            CAPTURE(host);
            CHECK_FALSE(is_loopback_host(host));
        }
    }
}

}  // namespace jetway::config
