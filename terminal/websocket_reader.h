// WebSocketReader: finds the frames of a WebSocket in a stream of bytes, and checks them by RFC
// 6455, section 5. Layout: websocket_message.h.
//
// It promises: payload is unmasked where it lies and handed out as it comes, so that nothing but a
// control frame (125 bytes) and a header (14) is ever held; after a fault nothing is read any more.
// It leaves to others: what messages hold, what to answer, and the reading of Close.
#pragma once

#include <array>

#include "base/bytes.h"
#include "terminal/websocket_message.h"

namespace jetway::terminal {

// Close codes (RFC 6455, section 7.4.1).
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported = 1003;
inline constexpr std::uint16_t none = 1005;  // there was no code; never on the wire
inline constexpr std::uint16_t invalid_text = 1007;
inline constexpr std::uint16_t too_big = 1009;
}  // namespace close_code

// Why a WebSocket has to end.
struct WebSocketFault {
    std::uint16_t code = 0;  // of the Close; 0: none
    const char* words = "";  // at most 123 bytes
    bool in_stream =
        false;  // the fault of the frame stream within: a GOODBYE goes before the Close

    explicit operator bool() const { return code != 0; }
};

class WebSocketReader {
public:
    // What comes out. Each may answer with a fault, which ends the reading.
    class Receiver {
    public:
        virtual ~Receiver() = default;
        // Of a binary message; it lies in the bytes that were fed. Never empty.
        virtual WebSocketFault on_payload(std::span<std::uint8_t> bytes) = 0;
        virtual WebSocketFault on_message_end() = 0;
        // A whole PING, PONG or Close. After a Close nothing is read.
        virtual WebSocketFault on_control(Opcode opcode, base::ByteView payload) = 0;
    };

    // `masked`: whether the peer has to mask, as a client does, or mustn't.
    explicit WebSocketReader(bool masked) : masked_(masked) {}

    // Takes the next bytes, cut anywhere, and writes over them.
    WebSocketFault feed(std::span<std::uint8_t> bytes, Receiver& receiver);

private:
    std::size_t header_size() const;
    WebSocketFault check_start() const;
    WebSocketFault begin();
    WebSocketFault end(Receiver& receiver);
    Opcode opcode() const {
        return static_cast<Opcode>(header_[0] & websocket_header::opcode_bits);
    }
    bool is_control() const { return (header_[0] & websocket_header::control_bit) != 0; }

    bool masked_;
    bool ended_ = false;
    bool in_message_ = false;  // a binary message has begun and isn't whole
    std::array<std::uint8_t, websocket_header::longest> header_{};
    std::size_t held_ = 0;  // bytes of the header that have come
    bool in_payload_ = false;
    std::uint64_t left_ = 0;  // bytes that the payload still lacks
    std::uint32_t mask_ = 0;
    std::size_t phase_ = 0;  // bytes of the payload that have come, modulo 4
    std::array<std::uint8_t, websocket_header::longest_control> control_{};
    std::size_t control_size_ = 0;
};

}  // namespace jetway::terminal
