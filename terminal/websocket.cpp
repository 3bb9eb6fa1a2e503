#include "terminal/websocket.h"

#include <algorithm>
#include <cstring>

#include "base/ensure.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "terminal/utf8.h"

namespace jetway::terminal {
namespace {

constexpr std::size_t longest_reason = 123;

// RFC 6455, section 7.4, with the codes registered since (1012 to 1014).
bool is_close_code(std::uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

}  // namespace

WebSocket::WebSocket(const Options& options, base::Random random)
    : role_(options.role),
      random_(random),
      reader_(options.role == Role::server),
      bounds_(options.max_frame),
      masking_{.next_key = [this] { return *next_mask(); }, .copies = nullptr} {}

std::span<std::uint8_t> WebSocket::on_bytes(std::span<std::uint8_t> bytes) {
    if (closing_) {
        return {};
    }
    output_ = bytes;
    written_ = 0;
    if (const WebSocketFault fault = reader_.feed(bytes, *this)) {
        if (fault.in_stream) {
            say_goodbye(fault.words);
        }
        say_close(fault.code, fault.words);
    }
    return bytes.first(written_);
}

WebSocketFault WebSocket::on_payload(std::span<std::uint8_t> bytes) {
    bounds_.follow(bytes);
    message_is_empty_ = false;
    if (bytes.data() != output_.data() + written_) {
        std::memmove(output_.data() + written_, bytes.data(), bytes.size());
    }
    written_ += bytes.size();
    return {};
}

WebSocketFault WebSocket::on_message_end() {
    const bool was_empty = std::exchange(message_is_empty_, true);
    if (bounds_.fault() != FrameBounds::Fault::none) {
        return {};  // for the terminal to say
    }
    if (was_empty) {
        return {close_code::protocol_error, "a message without a frame", true};
    }
    if (!bounds_.at_end()) {
        return {close_code::protocol_error, "a frame split over two messages", true};
    }
    return {};
}

WebSocketFault WebSocket::on_control(Opcode opcode, base::ByteView payload) {
    if (opcode == Opcode::close) {
        return on_close(payload);
    }
    if (opcode == Opcode::ping && control_.size() + payload.size() <= most_control) {
        append_message(control_, Opcode::pong, payload, next_mask());
    }
    return {};
}

// The peer's Close is answered with its own code (RFC 6455, section 5.5.1).
WebSocketFault WebSocket::on_close(base::ByteView payload) {
    if (payload.size() == 1) {
        return {close_code::protocol_error, "half a code in Close", false};
    }
    const bool has_code = !payload.empty();
    const std::uint16_t code =
        has_code ? base::read_be<std::uint16_t>(payload.data()) : close_code::none;
    const base::ByteView reason = payload.subspan(has_code ? 2 : 0);
    if (has_code && !is_close_code(code)) {
        return {close_code::protocol_error, "a code that no Close has", false};
    }
    if (!is_utf8(reason)) {
        return {close_code::invalid_text, "a reason that isn't UTF-8", false};
    }
    closing_ = true;
    why_ = {"EOF", "the peer closed the WebSocket" +
                       (has_code ? " with " + std::to_string(code) : std::string()) +
                       (reason.empty() ? "" : ": " + std::string(base::as_text(reason)))};
    append_message(control_, Opcode::close, payload.first(has_code ? 2 : 0), next_mask());
    return {};
}

base::Bytes WebSocket::take_control() {
    return std::exchange(control_, {});
}

void WebSocket::wrap(std::vector<base::Chunk>& frames) {
    ensure(!closing(), "no message follows a Close");
    put_into_messages(frames, role_ == Role::client ? &masking_ : nullptr);
}

void WebSocket::close(std::string_view reason) {
    if (closing_) {
        return;
    }
    switch (bounds_.fault()) {
        case FrameBounds::Fault::too_large:
            return say_close(close_code::too_big, reason);
        case FrameBounds::Fault::broken:
            return say_close(close_code::protocol_error, reason);
        default:
            return say_close(close_code::normal, reason);
    }
}

void WebSocket::say_close(std::uint16_t code, std::string_view words) {
    words = words.substr(0, longest_reason);
    base::Bytes payload(2);
    base::write_be(payload.data(), code);
    base::append(payload, base::as_bytes(words));
    append_message(control_, Opcode::close, payload, next_mask());
    closing_ = true;
    why_ = {"websocket",
            "closed the WebSocket with " + std::to_string(code) + ": " + std::string(words)};
}

void WebSocket::say_goodbye(std::string_view words) {
    base::Bytes body;
    envelope::append_goodbye(body, {.code = "bad-frame", .message = std::string(words)});
    base::Bytes frame;
    envelope::append_frame(
        frame, {.kind = envelope::Kind::goodbye, .flags = 0, .hops = 0, .pin = {}}, body);
    append_message(control_, Opcode::binary, frame, next_mask());
}

std::optional<std::uint32_t> WebSocket::next_mask() {
    return role_ == Role::client ? std::optional(static_cast<std::uint32_t>(random_.next() >> 32U))
                                 : std::nullopt;
}

}  // namespace jetway::terminal
