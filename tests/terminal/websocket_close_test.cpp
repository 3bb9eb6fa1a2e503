// How a WebSocket ends: every fault, and the Close of either side.
#include "websocket_end.h"

namespace jetway::terminal {

TEST_SUITE("terminal.websocket_close") {
    TEST_CASE("each fault ends in the Close that the RFC names") {
        const auto raw = [](const char* text) { return hex(text); };
        struct Case {
            const char* what;
            Bytes bytes;
            std::uint16_t code;
            const char* goodbye = "";
        };
        Bytes unmasked;
        append_message(unmasked, Opcode::binary, frame(1), std::nullopt);
        const Bytes whole = frame(100);
        const Bytes first(whole.begin(), whole.begin() + 50);
        const Bytes rest(whole.begin() + 50, whole.end());
        const Bytes length(whole.begin(), whole.begin() + 3);
        const Case cases[] = {
            {"not masked", unmasked, 1002},
            {"RSV1", raw("c2 81 00000000 00"), 1002},
            {"RSV2", raw("a2 81 00000000 00"), 1002},
            {"RSV3", raw("92 81 00000000 00"), 1002},
            {"opcode 3", raw("83 81 00000000 00"), 1002},
            {"opcode 11", raw("8b 80 00000000"), 1002},
            {"a continuation of nothing", masked(Opcode::continuation, frame(1)), 1002},
            {"a message within another",
             joined(masked(Opcode::binary, first, false), masked(Opcode::binary, frame(1))), 1002},
            {"a fragmented PING", masked(Opcode::ping, {1}, false), 1002},
            {"a long PING", raw("89 fe 007e 00000000"), 1002},
            {"a length of 2^63", raw("82 ff 8000000000000000 00000000"), 1002},
            {"text", masked(Opcode::text, {'h', 'i'}), 1003, "bad-frame"},
            {"an empty message", masked(Opcode::binary, {}), 1002, "bad-frame"},
            {"a split frame", joined(masked(Opcode::binary, first), masked(Opcode::binary, rest)),
             1002, "bad-frame"},
            {"a split length", masked(Opcode::binary, length), 1002, "bad-frame"},
            {"Close with half a code", masked(Opcode::close, {3}), 1002},
            {"Close 1005", masked(Opcode::close, close_payload(1005)), 1002},
            {"Close 999", masked(Opcode::close, close_payload(999)), 1002},
            {"Close 5000", masked(Opcode::close, close_payload(5000)), 1002},
            {"no UTF-8", masked(Opcode::close, close_payload(1000, "\xc0\xaf")), 1007},
            {"half a character", masked(Opcode::close, close_payload(1000, "\xe2\x82")), 1007},
        };
        for (const Case& tried : cases) {
            End server;
            server.hear(joined(tried.bytes, masked(Opcode::binary, frame(33, 9))));
            INFO(tried.what, ": ", server.socket.why().detail);
            CHECK(server.socket.closing());
            CHECK(server.socket.why().code == "websocket");
            CHECK(server.close_code() == tried.code);
            CHECK(server.goodbye == tried.goodbye);
            CHECK(std::find(server.stream.begin(), server.stream.end(), 9) == server.stream.end());
            server.hear(masked(Opcode::binary, frame(33, 9)));
            server.hear(masked(Opcode::close, close_payload(1000)));
            CHECK_FALSE(server.socket.has_control());
        }
    }

    TEST_CASE("a client refuses what a server masks") {
        End client(WebSocket::Role::client);
        client.hear(masked(Opcode::binary, frame(1)));
        CHECK(client.socket.closing());
        const Bytes said = client.socket.take_control();
        REQUIRE(said.size() >= 8);
        CHECK(said[0] == 0x88);
        CHECK((said[1] & 0x80) != 0);
    }

    TEST_CASE("the peer's Close is answered with its code, and told with its reason") {
        struct Case {
            Bytes payload;
            std::uint16_t code;
            const char* detail;
        };
        for (const Case& tried :
             {Case{close_payload(1000), 1000, "the peer closed the WebSocket with 1000"},
              Case{close_payload(4321, "so long"), 4321,
                   "the peer closed the WebSocket with 4321: so long"},
              Case{{}, close_code::none, "the peer closed the WebSocket"}}) {
            End server;
            server.hear(
                joined(masked(Opcode::binary, frame(5)), masked(Opcode::close, tried.payload)));
            CHECK(server.stream == frame(5));
            CHECK(server.socket.closing());
            CHECK(server.socket.why().code == "EOF");
            CHECK(server.socket.why().detail == tried.detail);
            CHECK(server.close_code() == tried.code);
        }
    }

    TEST_CASE("a Close of ours is said once, with the code that the frame stream asks for") {
        End server;
        server.socket.close("shutdown");
        CHECK(server.control() == "880a03e8" + to_hex(base::as_bytes("shutdown")));
        server.socket.close("again");
        server.hear(masked(Opcode::close, close_payload(1000)));
        CHECK_FALSE(server.socket.has_control());

        End large(WebSocket::Role::server, 1000);
        large.hear(masked(Opcode::binary, frame(2000)));
        CHECK_FALSE(large.socket.closing());  // its terminal says GOODBYE first
        CHECK(large.stream == frame(2000));
        large.socket.close("too-large");
        CHECK(large.close_code() == 1009);

        End broken;
        broken.hear(masked(Opcode::binary, hex("00000002 0102")));
        CHECK_FALSE(broken.socket.closing());
        broken.socket.close("bad-frame");
        CHECK(broken.close_code() == 1002);

        End wordy;
        wordy.socket.close(std::string(500, 'x'));
        CHECK(wordy.close_code() == 1000);
        CHECK(wordy.reason.size() == 123);
    }

    TEST_CASE("PONGs that nobody reads are bounded, and the Close behind them is not lost") {
        End server;
        Bytes pings;
        for (int i = 0; i < 10'000; ++i) {
            base::append(pings, masked(Opcode::ping, Bytes(100, 1)));
        }
        server.hear(pings);
        server.hear(pings);
        server.hear(joined(pings, masked(Opcode::close, close_payload(1001))));
        const Bytes said = server.socket.take_control();
        CHECK(said.size() <= 2 * WebSocket::most_control + 200);
        CHECK(to_hex(base::ByteView(said).last(4)) == "880203e9");
        CHECK(server.stream.empty());
    }

    TEST_CASE("whatever comes, cut anywhere, ends in a Close or in nothing") {
        base::Random random(5);
        for (int round = 0; round < 3'000; ++round) {
            Bytes bytes = joined(masked(Opcode::binary, frame(20)), masked(Opcode::ping, {1}));
            base::append(bytes, masked(Opcode::close, close_payload(1000, "x")));
            for (std::uint64_t i = 0; i <= random.below(4); ++i) {
                bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.next());
            }
            End server;
            for (std::size_t at = 0; at < bytes.size();) {
                const auto step = std::min<std::size_t>(1 + random.below(20), bytes.size() - at);
                const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
                server.hear(Bytes(from, from + static_cast<std::ptrdiff_t>(step)));
                at += step;
            }
            CHECK(server.stream.size() <= bytes.size());
            if (server.socket.closing()) {
                CHECK_FALSE(server.socket.why().code.empty());
            }
        }
    }
}

}  // namespace jetway::terminal
