// WebSocket: exact bytes (RFC 6455, section 5.7), and the stream cut anywhere.
#include "terminal/output_queue.h"
#include "websocket_end.h"

namespace jetway::terminal {

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
}

}  // namespace jetway::terminal
