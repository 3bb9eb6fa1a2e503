// WebSocket: one end of an established WebSocket (RFC 6455) that carries a frame stream, as a state
// machine. The upgrade before it is upgrade.h.
//
//   open --their Close, a fault of theirs, close()--> closing: nothing is read any more, our Close
//   is
//                                                     the last of what take_control() gives
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

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace jetway::terminal {

// Close codes (RFC 6455, section 7.4.1).
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported = 1003;
inline constexpr std::uint16_t none = 1005;  // there was no code; never on the wire
inline constexpr std::uint16_t too_big = 1009;
}  // namespace close_code

class WebSocket {
public:
    enum class Role { server, client };

    static constexpr std::size_t most_control = 4096;  // bytes

    struct Options {
        Role role = Role::server;
        std::uint32_t max_frame = 16U << 20U;  // limits.max_frame
    };

    // `random` makes a client's masking keys. It has to be seeded by the system.
    WebSocket(const Options& options, base::Random random);
    ~WebSocket();
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    // Takes the next bytes, cut anywhere. What they hold of the frame stream is moved to their
    // beginning, and that part of them is returned. What comes while closing is dropped.
    std::span<std::uint8_t> on_bytes(std::span<std::uint8_t> bytes);

    // What the WebSocket itself has to say (PONG, GOODBYE before a Close, Close): to be written
    // between messages.
    bool has_control() const;
    base::Bytes take_control();

    // Puts whole frames into messages, in place. Needs !closing().
    void wrap(std::vector<base::Chunk>& frames);

    // Says Close: with the code that a fault of the frame stream asks for, else `normal`. Nothing
    // when it is closing already.
    void close(std::string_view reason);

    bool closing() const;
    // Why it is closing: code `EOF` when the peer said Close, else `websocket`; with the Close's
    // code and reason.
    const base::Error& why() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace jetway::terminal
