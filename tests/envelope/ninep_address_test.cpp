#include "envelope/ninep_address.h"

#include <doctest/doctest.h>

#include "envelope/announce.h"

using namespace jetway;
using envelope::NinepAddress;
using envelope::parse_ninep_address;

namespace {

NinepAddress parsed(std::string_view text) {
    const base::Result<NinepAddress> address = parse_ninep_address(text);
    INFO(text, ": ", address ? std::string() : address.error().detail);
    REQUIRE(address.has_value());
    return *address;
}

}  // namespace

TEST_SUITE("envelope.ninep_address") {
    TEST_CASE("host, port and path") {
        const NinepAddress address = parsed("Web.lan:564/srv/web");
        CHECK(address.scheme == NinepAddress::Scheme::tcp);
        CHECK(address.host == "web.lan");
        CHECK(address.port == 564);
        CHECK(address.path == "/srv/web");
        CHECK(address.text() == "web.lan:564/srv/web");
        CHECK(parsed("tcp://web.lan:564/srv/web/") == address);
        CHECK(parsed("web.lan:564").path == "/");
        CHECK(parsed("web.lan:564/").text() == "web.lan:564");
        CHECK(parsed("[FD00::2]:564/a").host == "fd00::2");
        CHECK(parsed("[fd00::2%eth0]:564/a").text() == "[fd00::2%eth0]:564/a");
    }

    TEST_CASE("a Unix socket and a path below its root") {
        const NinepAddress address = parsed("unix:///run/web.sock!/srv/web");
        CHECK(address.scheme == NinepAddress::Scheme::unix_socket);
        CHECK(address.socket == "/run/web.sock");
        CHECK(address.path == "/srv/web");
        CHECK(address.text() == "unix:///run/web.sock!/srv/web");
        CHECK(parsed("unix:/run/web.sock!/srv/web") == address);
        CHECK(parsed("unix:/run/web.sock").text() == "unix:///run/web.sock");
        CHECK(parsed("unix:/run/web.sock!/").path == "/");
    }

    TEST_CASE("a Unix socket and loopback are this machine's own") {
        CHECK(parsed("unix:/run/web.sock").is_local());
        CHECK(parsed("127.3.0.1:564").is_local());
        CHECK(parsed("[::1]:564").is_local());
        CHECK(parsed("localhost:564").is_local());
        CHECK_FALSE(parsed("10.0.0.2:564").is_local());
    }

    TEST_CASE("what is no address is refused") {
        for (const std::string& bad : {std::string(),
                                       std::string("web"),
                                       std::string("10.0.0.2"),
                                       std::string("10.0.0.2/srv"),
                                       std::string(":564"),
                                       std::string("web:0"),
                                       std::string("web:65536"),
                                       std::string("web:x"),
                                       std::string("web:564x/a"),
                                       std::string("web:564//a"),
                                       std::string("web:564/a/../b"),
                                       std::string("web:564/./b"),
                                       std::string("web:564/a b"),
                                       std::string("web:564/a\n"),
                                       std::string("web:564/\xc3\xa9"),
                                       std::string("::1:564"),
                                       std::string("[::1]564"),
                                       std::string("[web]:564"),
                                       std::string("-web:564"),
                                       std::string("tls://web:564"),
                                       std::string("unix:web.sock"),
                                       std::string("unix:/run/"),
                                       std::string("unix:/"),
                                       std::string("unix:"),
                                       std::string("unix:/run/w!srv"),
                                       std::string("unix:/run/../w"),
                                       std::string("unix:/") + std::string(107, 'a'),
                                       "web:564/" + std::string(envelope::max_ninep, 'a')}) {
            INFO(bad);
            const auto address = parse_ninep_address(bad);
            REQUIRE_FALSE(address.has_value());
            CHECK(address.error().code == "EINVAL");
            CHECK(address.error().detail.starts_with("a 9P address is"));
        }
    }

    TEST_CASE("the longest one is as long when it is written again") {
        const std::string longest = "web:564/" + std::string(envelope::max_ninep - 8, 'a');
        CHECK(parsed(longest).text() == longest);
        const std::string socket = "unix:/run/w!/";
        CHECK_FALSE(
            parse_ninep_address(socket + std::string(envelope::max_ninep - socket.size(), 'a'))
                .has_value());
    }
}
