#include "client/endpoint.h"

#include <doctest/doctest.h>

namespace jetway::client {

TEST_SUITE("client.endpoint") {
    TEST_CASE("an address of a router is a path or host and port") {
        const auto parsed = [](const char* written) {
            const auto endpoint = parse_endpoint(written);
            return endpoint ? endpoint->text() : endpoint.error().code;
        };
        CHECK(parsed("unix:///run/jetway/a.sock") == "/run/jetway/a.sock");
        CHECK(parsed("/run/jetway/a.sock") == "/run/jetway/a.sock");
        CHECK(parsed("a.sock") == "a.sock");
        CHECK(parsed("tcp://127.0.0.1:9000") == "127.0.0.1:9000");
        CHECK(parsed("localhost:9000") == "localhost:9000");
        CHECK(parsed("[::1]:9000") == "[::1]:9000");
        CHECK(parsed("tls://[::1]:9000") == "tls://[::1]:9000");
        CHECK(parsed("ws://host:80") == "ws://host:80/");
        CHECK(parsed("wss://host:443/a/b") == "wss://host:443/a/b");
        for (const char* wrong : {"", "unix://", "host", "host:", "host:0", "host:70000", "host:9x",
                                  ":9000", "::1:9000", "wss://host/x", "http://host:1"}) {
            CAPTURE(wrong);
            CHECK(parsed(wrong) == "usage");
        }
    }
}

}  // namespace jetway::client
