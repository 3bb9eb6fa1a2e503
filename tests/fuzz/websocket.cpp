// WebSocket, both roles: what comes of a stream doesn't depend on where it is cut; and frames that
// one end wraps come out of the other as they were.
#include "terminal/websocket.h"

#include "envelope/frame.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using base::Bytes;
using base::ByteView;
using terminal::WebSocket;

constexpr std::uint32_t max_frame = 600;
// GOODBYE and Close, which always find room.
constexpr std::size_t last_words = 1'024;

struct End {
    explicit End(WebSocket::Role role)
        : socket({.role = role, .max_frame = max_frame}, base::Random(7)) {}

    void hear(base::ByteView bytes) {
        const bool closed = socket.closing();
        Bytes room(bytes.begin(), bytes.end());
        const std::span<std::uint8_t> held = socket.on_bytes(room);
        ensure(within(held, ByteView(room)) && (held.empty() || held.data() == room.data()),
               "what the bytes hold is moved to their beginning");
        ensure(!closed || held.empty(), "what comes while closing is dropped");
        base::append(stream, held);
        ensure(!closed || socket.closing(), "it doesn't open again");
    }

    Bytes said() {
        const bool something = socket.has_control();
        Bytes bytes = socket.take_control();
        ensure(something == !bytes.empty() && !socket.has_control(), "what it says is taken");
        ensure(bytes.size() <= WebSocket::most_control + last_words, "what it says is bounded");
        return bytes;
    }

    WebSocket socket;
    Bytes stream;
};

void any_bytes(Input& input, WebSocket::Role role) {
    End cut(role);
    Bytes all;
    while (!input.empty()) {
        const base::ByteView piece = input.piece();
        cut.hear(piece);
        base::append(all, piece);
    }
    End whole(role);
    whole.hear(all);
    ensure(cut.stream == whole.stream, "the frame stream does not depend on the cuts");
    ensure(cut.socket.closing() == whole.socket.closing(), "nor does its end");
    if (cut.socket.closing()) {
        ensure(cut.socket.why().code == whole.socket.why().code &&
                   cut.socket.why().detail == whole.socket.why().detail,
               "nor the reason");
    }
    ensure(cut.said() == whole.said(), "nor what is answered");
    cut.socket.close("done");
    ensure(cut.socket.closing(), "it closes when it is told to");
    cut.said();
}

void round_trip(Input& input, WebSocket::Role role) {
    End from(role == WebSocket::Role::server ? WebSocket::Role::client : WebSocket::Role::server);
    End to(role);
    Bytes frames;
    Bytes wire;
    while (!input.empty()) {
        const std::size_t count = 1 + input.last() % 3;
        std::vector<base::Chunk> chunks;
        for (std::size_t i = 0; i < count; ++i) {
            const base::ByteView data = input.bytes(1U + 2U * input.last());
            if (data.empty()) {
                break;
            }
            base::Chunk& chunk = chunks.emplace_back();
            envelope::append_frame(
                chunk.own, {.kind = envelope::Kind::envelope, .flags = 0, .hops = 0, .pin = {}},
                data);
            base::append(frames, chunk.own);
        }
        if (chunks.empty()) {
            break;
        }
        from.socket.wrap(chunks);
        for (const base::Chunk& chunk : chunks) {
            base::append(wire, chunk.view());
        }
        base::ByteView rest = wire;
        const std::size_t step = 1 + input.last();
        while (!rest.empty()) {
            to.hear(rest.first(std::min(step, rest.size())));
            rest = rest.subspan(std::min(step, rest.size()));
        }
        wire.clear();
    }
    ensure(to.stream == frames && !to.socket.closing(), "frames come out as they were");
    ensure(to.said().empty(), "and nothing is said to them");
}

}  // namespace

void websocket(base::ByteView bytes) {
    Input input(bytes);
    const std::size_t how = input.last();
    const auto role = how % 2 == 0 ? WebSocket::Role::server : WebSocket::Role::client;
    if (how % 8 < 6) {
        any_bytes(input, role);
    } else {
        round_trip(input, role);
    }
}

}  // namespace jetway::fuzz
