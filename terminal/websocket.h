// WebSocket: one end of an established WebSocket (RFC 6455) that carries a frame stream, as a state
// machine. The upgrade before it is upgrade.h.
//
//   open --their Close, a fault of theirs, close()--> closing
//
// While closing nothing is read any more, and our Close is the last of what take_control() gives.
//
// Binary messages only, each of one or more whole frames, fragmented as the peer likes; no
// extension. It promises: PING is answered, at most by `most_control` bytes that wait to be
// written; nothing of a message is held back, and nothing grows with what a peer says of its
// length; a fault ends in a Close with the code that the RFC names, and a fault in the frame stream
// in a GOODBYE before it. It leaves to others: sockets, time, and what the frames say.
//
//   fault                                                       Close
//   RSV bits, unknown opcodes, masked wrongly, bad fragments    1002
//   a control frame that is long or fragmented, a bad code      1002
//   a reason that isn't UTF-8                                   1007
//   a text message                                              1003, GOODBYE bad-frame
//   a frame split over two messages, an empty message           1002, GOODBYE bad-frame
//   a message that ends in GOODBYE too-large by its terminal    1009
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "terminal/frame_bounds.h"
#include "terminal/websocket_reader.h"

namespace jetway::terminal {

class WebSocket final : private WebSocketReader::Receiver {
public:
    enum class Role { server, client };

    static constexpr std::size_t most_control = 4096;  // bytes

    struct Options {
        Role role = Role::server;
        std::uint32_t max_frame = 16U << 20U;  // limits.max_frame
    };

    // `random` makes a client's masking keys. It has to be seeded by the system.
    WebSocket(const Options& options, base::Random random);
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    // Takes the next bytes, cut anywhere. What they hold of the frame stream is moved to their
    // beginning, and that part of them is returned. What comes while closing is dropped.
    std::span<std::uint8_t> on_bytes(std::span<std::uint8_t> bytes);

    // What the WebSocket itself has to say (PONG, GOODBYE before a Close, Close): to be written
    // between messages.
    bool has_control() const { return !control_.empty(); }
    base::Bytes take_control();

    // Puts whole frames into messages, in place. Needs !closing().
    void wrap(std::vector<base::Chunk>& frames);

    // Says Close: with the code that a fault of the frame stream asks for, else `normal`. Nothing
    // when it is closing already. At most 123 bytes of `reason`, which is ASCII, are said.
    void close(std::string_view reason);

    bool closing() const { return closing_; }
    // Why it is closing: code `EOF` when the peer said Close, else `websocket`; with the Close's
    // code and reason.
    const base::Error& why() const { return why_; }

private:
    WebSocketFault on_payload(std::span<std::uint8_t> bytes) override;
    WebSocketFault on_message_end() override;
    WebSocketFault on_control(Opcode opcode, base::ByteView payload) override;
    WebSocketFault on_close(base::ByteView payload);
    void say_close(std::uint16_t code, std::string_view words);
    void say_goodbye(std::string_view words);
    std::optional<std::uint32_t> next_mask();

    Role role_;
    base::Random random_;
    WebSocketReader reader_;
    FrameBounds bounds_;
    Masking masking_;
    bool message_is_empty_ = true;    // as far as it has come
    std::span<std::uint8_t> output_;  // where the frame stream goes: over the bytes that came
    std::size_t written_ = 0;         // of it
    base::Bytes control_;
    bool closing_ = false;
    base::Error why_;
};

}  // namespace jetway::terminal
