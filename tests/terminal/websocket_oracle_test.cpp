// WebSocketReader against wslay, somebody else's reading of RFC 6455: the same streams, right and
// wrong ones, cut anywhere, must give the same payload and end alike.
#include <doctest/doctest.h>
#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>

#include "../envelope/hex.h"
#include "base/random.h"
#include "terminal/utf8.h"
#include "terminal/websocket_reader.h"

namespace jetway::terminal {

namespace {

using base::Bytes;

struct Heard {
    Bytes payload;
    std::vector<Bytes> controls;  // opcode, then payload
    int messages = 0;
    bool ended = false;
    bool text = false;  // refused by us: nothing more to compare
};

// As wslay reads it.
struct Oracle {
    Oracle() {
        wslay_event_callbacks callbacks{};
        callbacks.recv_callback = [](wslay_event_context_ptr self, std::uint8_t* into,
                                     std::size_t room, int, void* user) -> ssize_t {
            base::ByteView& rest = static_cast<Oracle*>(user)->input;
            if (rest.empty()) {
                wslay_event_set_error(self, WSLAY_ERR_WOULDBLOCK);
                return -1;
            }
            const std::size_t size = std::min(room, rest.size());
            std::memcpy(into, rest.data(), size);
            rest = rest.subspan(size);
            return static_cast<ssize_t>(size);
        };
        callbacks.on_frame_recv_start_callback =
            [](wslay_event_context_ptr, const wslay_event_on_frame_recv_start_arg* frame,
               void* user) { static_cast<Oracle*>(user)->opcode = frame->opcode; };
        callbacks.on_frame_recv_chunk_callback =
            [](wslay_event_context_ptr, const wslay_event_on_frame_recv_chunk_arg* chunk,
               void* user) {
                auto& self = *static_cast<Oracle*>(user);
                if ((self.opcode & websocket_header::control_bit) == 0) {
                    base::append(self.heard.payload, {chunk->data, chunk->data_length});
                }
            };
        callbacks.on_msg_recv_callback =
            [](wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message, void* user) {
                auto& self = *static_cast<Oracle*>(user);
                if ((message->opcode & websocket_header::control_bit) != 0) {
                    Bytes control = {message->opcode};
                    base::append(control, {message->msg, message->msg_length});
                    self.heard.controls.push_back(std::move(control));
                } else {
                    ++self.heard.messages;
                }
            };
        REQUIRE(wslay_event_context_server_init(&context, &callbacks, this) == 0);
        wslay_event_config_set_no_buffering(context, 1);
        wslay_event_config_set_max_recv_msg_length(context, std::uint64_t{1} << 63U);
    }
    ~Oracle() { wslay_event_context_free(context); }
    Oracle(const Oracle&) = delete;
    Oracle& operator=(const Oracle&) = delete;

    void feed(base::ByteView bytes) {
        input = bytes;
        heard.ended = heard.ended || wslay_event_recv(context) != 0 ||
                      wslay_event_get_read_enabled(context) == 0;
    }

    wslay_event_context_ptr context = nullptr;
    base::ByteView input;
    std::uint8_t opcode = 0;
    Heard heard;
};

// As we do; what WebSocket itself checks of a Close is done here, too.
struct Ours final : WebSocketReader::Receiver {
    WebSocketFault on_payload(std::span<std::uint8_t> bytes) override {
        base::append(heard.payload, bytes);
        return {};
    }
    WebSocketFault on_message_end() override {
        ++heard.messages;
        return {};
    }
    WebSocketFault on_control(Opcode opcode, base::ByteView payload) override {
        if (opcode == Opcode::close) {
            heard.ended = true;
            const std::uint16_t code =
                payload.size() >= 2 ? base::read_be<std::uint16_t>(payload.data()) : 1000;
            // wslay is of a time before 1012 to 1014.
            if (code < 1000 || (code >= 1004 && code <= 1006) || (code > 1011 && code < 3000) ||
                code > 4999) {
                return {close_code::protocol_error, "", false};
            }
            if (payload.size() >= 2 && !is_utf8(payload.subspan(2))) {
                return {close_code::invalid_text, "", false};
            }
        }
        Bytes control = {static_cast<std::uint8_t>(opcode)};
        base::append(control, payload);
        heard.controls.push_back(std::move(control));
        return {};
    }
    void feed(base::ByteView bytes) {
        Bytes copy(bytes.begin(), bytes.end());
        const WebSocketFault fault = reader.feed(copy, *this);
        heard.ended = heard.ended || fault;
        heard.text = heard.text || fault.code == close_code::unsupported;
    }

    WebSocketReader reader{true};
    Heard heard;
};

// Frames of a client, mostly right.
Bytes frames(base::Random& random) {
    Bytes stream;
    bool in_message = false;
    for (std::uint64_t i = 0; i <= random.below(8); ++i) {
        const bool control = random.below(3) == 0;
        Opcode opcode = in_message ? Opcode::continuation : Opcode::binary;
        Bytes payload(random.below(random.below(20) == 0 ? 70'000 : 200));
        for (std::uint8_t& byte : payload) {
            byte = static_cast<std::uint8_t>(random.next());
        }
        bool final = random.below(2) == 0;
        if (control) {
            const std::uint64_t kind = random.below(6);
            opcode = kind == 0 ? Opcode::close : kind < 3 ? Opcode::ping : Opcode::pong;
            payload.resize(std::min<std::size_t>(payload.size(), 125));
            final = true;
            if (opcode == Opcode::close) {
                // A code that both know; then, now and then, text.
                payload.resize(payload.size() < 20 ? 0 : std::max<std::size_t>(payload.size(), 2));
                if (!payload.empty()) {
                    base::write_be(payload.data(),
                                   static_cast<std::uint16_t>(1000 + random.below(4)));
                    if (random.below(2) == 0) {
                        std::fill(payload.begin() + 2, payload.end(), std::uint8_t{'x'});
                    }
                }
            }
        } else {
            in_message = !final;
        }
        const std::size_t start = stream.size();
        append_message(stream, opcode, payload, static_cast<std::uint32_t>(random.next()));
        if (!final) {
            stream[start] &= 0x7fU;
        }
        if (random.below(12) == 0) {  // a bit of its header is wrong
            stream[start + random.below(4)] ^= static_cast<std::uint8_t>(1U << random.below(8));
        }
    }
    stream.resize(stream.size() + 20);  // whatever header has begun is whole with these
    return stream;
}

}  // namespace

TEST_SUITE("terminal.websocket_oracle") {
    TEST_CASE("streams mean the same to wslay and to us") {
        base::Random random(20'26);
        int ended_by_close = 0;
        int texts = 0;
        for (int round = 0; round < 20'000; ++round) {
            const Bytes stream = frames(random);
            Oracle oracle;
            Ours ours;
            for (std::size_t at = 0; at < stream.size();) {
                const auto step =
                    std::min<std::size_t>(1 + random.below(3'000), stream.size() - at);
                const base::ByteView piece = base::ByteView(stream).subspan(at, step);
                oracle.feed(piece);
                ours.feed(piece);
                at += step;
            }
            if (ours.heard.text) {
                ++texts;
                continue;
            }
            INFO("round ", round, ": ",
                 test::to_hex(
                     base::ByteView(stream).first(std::min<std::size_t>(stream.size(), 300))));
            CHECK(ours.heard.ended == oracle.heard.ended);
            CHECK(ours.heard.messages == oracle.heard.messages);
            CHECK(ours.heard.controls == oracle.heard.controls);
            CHECK((ours.heard.payload == oracle.heard.payload));
            ended_by_close += !ours.heard.controls.empty() && ours.heard.controls.back()[0] == 8;
        }
        CHECK(ended_by_close > 500);
        CHECK(texts > 10);
    }
}

}  // namespace jetway::terminal
