// WebSocket: exact bytes (RFC 6455, section 5.7), the stream cut anywhere, every fault.
#include "terminal/websocket.h"

#include <doctest/doctest.h>

#include "../envelope/hex.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "terminal/output_queue.h"
#include "terminal/websocket_message.h"

namespace jetway::terminal {

namespace {

using base::Bytes;
using test::hex;
using test::joined;
using test::to_hex;

constexpr std::uint32_t test_mask = 0x37fa213d;  // of the RFC's examples

// A frame of Jetway with a body of `size` bytes.
Bytes frame(std::size_t size, std::uint8_t fill = 0xc0) {
    Bytes bytes;
    envelope::append_frame(bytes,
                           {.kind = envelope::Kind::envelope, .flags = 0, .hops = 0, .pin = {}},
                           Bytes(size, fill));
    return bytes;
}

// One WebSocket frame as a client sends it, with FIN or without.
Bytes masked(Opcode opcode, const Bytes& payload, bool fin = true) {
    Bytes bytes;
    append_message(bytes, opcode, payload, test_mask);
    if (!fin) {
        bytes[0] &= 0x7f;
    }
    return bytes;
}

Bytes close_payload(std::uint16_t code, std::string_view reason = {}) {
    Bytes payload(2);
    base::write_be(payload.data(), code);
    base::append(payload, base::as_bytes(reason));
    return payload;
}

struct End {
    explicit End(WebSocket::Role role = WebSocket::Role::server,
                 std::uint32_t max_frame = 1U << 20U)
        : socket({.role = role, .max_frame = max_frame}, base::Random(3)) {}

    void hear(Bytes bytes) { base::append(stream, socket.on_bytes(bytes)); }
    std::string control() { return to_hex(socket.take_control()); }

    // The code of the Close that is said at the end of what is to be written, 0 without one; and
    // the code of the GOODBYE before it.
    std::uint16_t close_code() {
        const Bytes bytes = socket.take_control();
        base::ByteView rest = bytes;
        std::uint16_t code = 0;
        while (rest.size() >= 2) {
            std::size_t header = 2;
            std::size_t size = rest[1];
            if (size == 126) {
                size = base::read_be<std::uint16_t>(&rest[2]);
                header = 4;
            }
            REQUIRE(rest.size() >= header + size);
            const base::ByteView payload = rest.subspan(header, size);
            CHECK(code == 0);  // nothing follows a Close
            if (rest[0] == 0x88) {
                code = size < 2 ? close_code::none : base::read_be<std::uint16_t>(payload.data());
                reason = base::as_text(payload.subspan(std::min<std::size_t>(2, size)));
            } else if (rest[0] == 0x82) {
                envelope::FrameReader reader(1000);
                reader.feed(payload, nullptr, [&](const envelope::Frame& seen) {
                    CHECK(seen.kind == envelope::Kind::goodbye);
                    goodbye = envelope::read_goodbye(seen.body).code;
                    return true;
                });
            }
            rest = rest.subspan(header + size);
        }
        return code;
    }

    WebSocket socket;
    Bytes stream;
    std::string reason;
    std::string goodbye;
};

Bytes bytes_of(const std::vector<base::Chunk>& chunks) {
    Bytes all;
    for (const base::Chunk& chunk : chunks) {
        base::append(all, chunk.view());
    }
    return all;
}

}  // namespace

TEST_SUITE("terminal.websocket") {
    TEST_CASE("messages look as in the RFC's examples") {
        Bytes bytes;
        append_message(bytes, Opcode::text, base::as_bytes("Hello"), std::nullopt);
        append_message(bytes, Opcode::text, base::as_bytes("Hello"), test_mask);
        append_message(bytes, Opcode::ping, base::as_bytes("Hello"), std::nullopt);
        append_message(bytes, Opcode::pong, base::as_bytes("Hello"), test_mask);
        CHECK(to_hex(bytes) ==
              "810548656c6c6f"
              "818537fa213d7f9f4d5158"
              "890548656c6c6f"
              "8a8537fa213d7f9f4d5158");
        for (const auto& [size, header] : {std::pair<std::size_t, std::string>{125, "827d"},
                                           {126, "827e007e"},
                                           {256, "827e0100"},
                                           {65535, "827effff"},
                                           {65536, "827f0000000000010000"}}) {
            Bytes message;
            append_message(message, Opcode::binary, Bytes(size), std::nullopt);
            CHECK(to_hex(base::ByteView(message).first(header.size() / 2)) == header);
            CHECK(message.size() == header.size() / 2 + size);
        }
    }

    TEST_CASE("the frames of a client's messages come out, wherever the stream is cut") {
        const Bytes frames = joined(joined(frame(3), frame(200, 1)), frame(70'000, 2));
        const Bytes two = joined(frame(3), frame(200, 1));
        // Fragments that are cut anywhere, a PING between them, then a message of one frame.
        Bytes sent = masked(Opcode::binary, Bytes(two.begin(), two.begin() + 5), false);
        sent = joined(sent, masked(Opcode::ping, {1, 2}));
        sent = joined(sent, masked(Opcode::continuation, {}, false));
        sent = joined(sent, masked(Opcode::continuation, Bytes(two.begin() + 5, two.end())));
        const std::size_t interesting = sent.size();
        sent = joined(sent, masked(Opcode::binary, frame(70'000, 2)));
        for (std::size_t cut = 0; cut < sent.size(); cut += cut < interesting + 20 ? 1 : 997) {
            End server;
            server.hear(Bytes(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(cut)));
            server.hear(Bytes(sent.begin() + static_cast<std::ptrdiff_t>(cut), sent.end()));
            INFO("cut at ", cut);
            CHECK(server.stream == frames);
            CHECK(server.control() == "8a020102");
            CHECK_FALSE(server.socket.closing());
        }
        End bytewise;
        for (const std::uint8_t byte : sent) {
            bytewise.hear({byte});
        }
        CHECK(bytewise.stream == frames);
    }

    TEST_CASE("bytes of a message come out before it is whole") {
        End server;
        Bytes sent = masked(Opcode::binary, frame(1000));
        sent.resize(500);
        server.hear(sent);
        CHECK(server.stream.size() == 500 - 8);
    }

    TEST_CASE("the two ends understand each other, whatever the sizes") {
        End client(WebSocket::Role::client);
        End server;
        base::Random random(11);
        for (int round = 0; round < 200; ++round) {
            std::vector<base::Chunk> frames;
            Bytes plain;
            for (std::uint64_t i = 0; i <= random.below(6); ++i) {
                const auto size = 1 + random.below(random.below(4) == 0 ? 100'000 : 300);
                Bytes one = frame(size, static_cast<std::uint8_t>(random.next()));
                base::append(plain, one);
                base::Chunk chunk;
                if (random.below(2) == 0) {
                    chunk.own = std::move(one);
                } else {  // the header in a run, the body by reference
                    base::Chunk run;
                    const auto cut = static_cast<std::ptrdiff_t>(1 + random.below(8));
                    run.own.assign(one.begin(), one.begin() + cut);
                    frames.push_back(std::move(run));
                    const auto owner = std::make_shared<const Bytes>(one.begin() + cut, one.end());
                    chunk.shared = {.view = *owner, .owner = owner};
                }
                frames.push_back(std::move(chunk));
            }
            End& from = round % 2 == 0 ? client : server;
            End& to = round % 2 == 0 ? server : client;
            from.socket.wrap(frames);
            to.stream.clear();
            to.hear(bytes_of(frames));
            CHECK(to.stream == plain);
            REQUIRE_FALSE(to.socket.closing());
        }
    }

    TEST_CASE("small frames share a message, up to 64 KiB, and a longer one has its own") {
        End server;
        std::vector<base::Chunk> frames(1);
        for (int i = 0; i < 70; ++i) {
            base::append(frames[0].own, frame(992));  // 1000 bytes each
        }
        base::append(frames[0].own, frame(100'000));
        server.socket.wrap(frames);
        const Bytes bytes = bytes_of(frames);
        const auto header = [&](std::size_t at, std::size_t size) {
            return to_hex(base::ByteView(bytes).subspan(at, size));
        };
        CHECK(header(0, 4) == "827efde8");                        // 65 frames
        CHECK(header(4 + 65'000, 4) == "827e1388");               // 5 frames
        CHECK(header(8 + 70'000, 10) == "827f00000000000186a8");  // 100,008 bytes
        CHECK(bytes.size() == 18 + 70'000 + 100'008);
    }

    TEST_CASE("a server's large bodies aren't copied, a client's are masked") {
        const auto owner = std::make_shared<const Bytes>(100'000, std::uint8_t{7});
        const auto frames = [&] {
            std::vector<base::Chunk> made(2);
            envelope::append_header(
                made[0].own, {.kind = envelope::Kind::envelope, .flags = 0, .hops = 0, .pin = {}},
                owner->size());
            made[1].shared = {.view = *owner, .owner = owner};
            return made;
        };
        auto from_server = frames();
        End server;
        server.socket.wrap(from_server);
        REQUIRE(from_server.size() == 2);
        CHECK(from_server[1].view().data() == owner->data());
        auto from_client = frames();
        End client(WebSocket::Role::client);
        client.socket.wrap(from_client);
        REQUIRE(from_client.size() == 2);
        CHECK((from_client[0].own[1] & 0x80) != 0);
        const base::ByteView copy = from_client[1].view();
        CHECK(copy.size() == owner->size());
        CHECK(std::count(copy.begin(), copy.end(), 7) < 50'000);
        // While a copy waits to be written the next one has another place; then it is used again.
        auto next = frames();
        client.socket.wrap(next);
        CHECK(next[1].view().data() != copy.data());
        const std::uint8_t* const place = next[1].view().data();
        next.clear();
        auto third = frames();
        client.socket.wrap(third);
        CHECK(third[1].view().data() == place);
    }

    TEST_CASE("a client's masking keys differ from message to message") {
        End client(WebSocket::Role::client);
        std::vector<std::string> keys;
        for (int i = 0; i < 3; ++i) {
            std::vector<base::Chunk> frames(1);
            frames[0].own = frame(1);
            client.socket.wrap(frames);
            keys.push_back(to_hex(base::ByteView(frames[0].own).subspan(2, 4)));
        }
        CHECK(keys[0] != keys[1]);
        CHECK(keys[1] != keys[2]);
    }

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
