// End: one end of a WebSocket as tests feed it, and the messages that they feed it with.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../envelope/hex.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "terminal/websocket.h"
#include "terminal/websocket_message.h"

namespace jetway::terminal {

using base::Bytes;
using test::hex;
using test::joined;
using test::to_hex;

constexpr std::uint32_t test_mask = 0x37fa213d;  // of the RFC's examples

// A frame of Jetway with a body of `size` bytes.
inline Bytes frame(std::size_t size, std::uint8_t fill = 0xc0) {
    Bytes bytes;
    envelope::append_frame(bytes,
                           {.kind = envelope::Kind::envelope, .flags = 0, .hops = 0, .pin = {}},
                           Bytes(size, fill));
    return bytes;
}

// One WebSocket frame as a client sends it, with FIN or without.
inline Bytes masked(Opcode opcode, const Bytes& payload, bool fin = true) {
    Bytes bytes;
    append_message(bytes, opcode, payload, test_mask);
    if (!fin) {
        bytes[0] &= 0x7f;
    }
    return bytes;
}

inline Bytes close_payload(std::uint16_t code, std::string_view reason = {}) {
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

inline Bytes bytes_of(const std::vector<base::Chunk>& chunks) {
    Bytes all;
    for (const base::Chunk& chunk : chunks) {
        base::append(all, chunk.view());
    }
    return all;
}

}  // namespace jetway::terminal
