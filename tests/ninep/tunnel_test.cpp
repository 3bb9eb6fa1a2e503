#include "ninep/tunnel.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/ninep/hex.h"
#include "tests/ninep/start.h"

using namespace jetway;
using namespace std::chrono_literals;
using ninep::Tunnel;
using tests::start;

namespace {

const ninep::TunnelOptions narrow{.window = 10, .piece = 4};

std::string pass(Tunnel& from, Tunnel& to) {
    for (const base::Bytes& message : from.take_messages(start)) {
        CHECK(to.on_message(message, start));
    }
    const base::Bytes got = to.take_received();
    return std::string(base::as_text(got));
}

}  // namespace

TEST_SUITE("ninep.tunnel") {
    TEST_CASE("a message is the stream, its kind, the sequence, what was acknowledged, and data") {
        Tunnel tunnel(0x1122, {}, start);
        tunnel.send(base::as_bytes("hi"));
        auto messages = tunnel.take_messages(start);
        REQUIRE(messages.size() == 1);
        CHECK(tests::hex_of(messages[0]) ==
              "0000000000001122"
              "00"
              "0000000000000000"
              "0000000000000000"
              "6869");
        CHECK(ninep::tunnel_of(messages[0]) == 0x1122U);
        tunnel.finish();
        messages = tunnel.take_messages(start);
        REQUIRE(messages.size() == 1);
        CHECK(tests::hex_of(messages[0]) ==
              "0000000000001122"
              "01"
              "0000000000000002"
              "0000000000000000");
        CHECK(tunnel.said_end());
        CHECK_FALSE(ninep::tunnel_of(base::ByteView(messages[0]).first(24)));
    }

    TEST_CASE("bytes come out as they went in, both ways, in pieces, and no more than the window") {
        Tunnel here(1, narrow, start);
        Tunnel there(1, narrow, start);
        here.send(base::as_bytes("0123456789abcdef"));
        CHECK_FALSE(here.wants_input());
        CHECK(pass(here, there) == "0123456789");
        CHECK(pass(here, there).empty());  // nothing was acknowledged
        CHECK(pass(there, here).empty());  // by this it is
        CHECK(pass(here, there) == "abcdef");
        there.send(base::as_bytes("back"));
        CHECK(pass(there, here) == "back");
        CHECK(here.wants_input());
    }

    TEST_CASE("what came before is dropped, a gap ends the stream") {
        Tunnel here(1, narrow, start);
        Tunnel there(1, narrow, start);
        here.send(base::as_bytes("0123456789"));
        const auto messages = here.take_messages(start);
        REQUIRE(messages.size() == 3);
        CHECK(there.on_message(messages[0], start));
        CHECK(there.on_message(messages[0], start));
        CHECK(base::as_text(there.take_received()) == "0123");
        CHECK_FALSE(there.on_message(messages[2], start));
        CHECK(there.on_message(messages[1], start));
    }

    TEST_CASE("more than the window, or an acknowledgement of what wasn't sent, ends the stream") {
        Tunnel wide(1, {}, start);
        Tunnel there(1, narrow, start);
        wide.send(base::as_bytes("0123456789ab"));
        CHECK_FALSE(there.on_message(wide.take_messages(start)[0], start));
        Tunnel fresh(1, {}, start);
        CHECK_FALSE(fresh.on_message(
            tests::hex("0000000000000001 00 0000000000000000 0000000000000005"), start));
        CHECK_FALSE(fresh.on_message(
            tests::hex("0000000000000001 02 0000000000000000 0000000000000000"), start));
        CHECK_FALSE(fresh.on_message(tests::hex("00"), start));
    }

    TEST_CASE("the end comes behind all bytes, and is over when they were taken") {
        Tunnel here(1, narrow, start);
        Tunnel there(1, narrow, start);
        here.send(base::as_bytes("0123456789abc"));
        here.finish();
        CHECK_FALSE(here.wants_input());
        CHECK(pass(here, there) == "0123456789");
        CHECK_FALSE(there.is_over());
        CHECK_FALSE(here.said_end());
        pass(there, here);
        for (const base::Bytes& message : here.take_messages(start)) {
            CHECK(there.on_message(message, start));
        }
        CHECK_FALSE(there.is_over());
        CHECK(base::as_text(there.take_received()) == "abc");
        CHECK(there.is_over());
    }

    TEST_CASE("a sign of life is given while there is nothing to say, and silence is the end") {
        Tunnel here(1, {}, start);
        CHECK(here.next_deadline() == start + 3s);
        CHECK(here.take_messages(start).empty());
        CHECK(here.on_deadline(start + 3s));
        CHECK(here.take_messages(start + 3s).size() == 1);
        CHECK(here.take_messages(start + 3s).empty());
        CHECK_FALSE(here.on_deadline(start + 10s));
    }
}
