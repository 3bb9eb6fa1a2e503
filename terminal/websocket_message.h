// WebSocketMessage: what goes out on a WebSocket, as RFC 6455, section 5.2 lays it out.
//
//  0       1         2 ...                                  (2, 8 or 0 bytes)  (4 or 0)
// +-------+---------+----------------------------------------------------------------------+
// | FIN,  | mask?,  | length, where the 7 bits aren't     | masking key   | payload        |
// | opcode| 7 bits  | enough: u16 behind 126, u64 behind  | of a client's | XOR the key,   |
// |       |         | 127                                 |               | 4 bytes a turn |
// +-------+---------+----------------------------------------------------------------------+
//
// A message of ours is never fragmented. What a client sends is masked, so that no page can make
// bytes of its choice appear on the way: a large body, which others may hold as well, is copied for
// that. Nothing else is.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace jetway::terminal {

enum class Opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

// The two bytes that a header begins with.
namespace websocket_header {
inline constexpr std::uint8_t final_bit = 0x80;
inline constexpr std::uint8_t reserved_bits = 0x70;
inline constexpr std::uint8_t opcode_bits = 0x0f;
inline constexpr std::uint8_t control_bit = 0x08;  // of the opcode
inline constexpr std::uint8_t mask_bit = 0x80;
inline constexpr std::uint8_t length_bits = 0x7f;
inline constexpr std::uint8_t two_bytes_follow = 126;
inline constexpr std::uint8_t eight_bytes_follow = 127;
inline constexpr std::size_t longest = 14;
inline constexpr std::size_t longest_control = 125;  // payload of a control frame
}  // namespace websocket_header

// A message holds whole frames up to this many bytes, or one longer frame: a receiver that waits
// for a message's end gets the first frames soon, and no bound of its library is met by many small
// frames.
inline constexpr std::size_t longest_message = std::size_t{64} << 10U;

// Masks, or unmasks, `bytes`, of which the first is number `at` of a payload (RFC 6455,
// section 5.3).
void apply_mask(std::span<std::uint8_t> bytes, std::uint32_t mask, std::size_t at);

// Appends a message (or control frame) with `payload`, masked if there is a key.
void append_message(base::Bytes& to, Opcode opcode, base::ByteView payload,
                    std::optional<std::uint32_t> mask);

// What a client masks with. Only it has one.
struct Masking {
    std::function<std::uint32_t()> next_key;  // asked once a message
    std::shared_ptr<base::Bytes> copies;  // of large bodies; used again when nobody else holds it
};

// Puts whole frames of Jetway, as OutputQueue::take gives them, into binary messages, in place.
// `masking`: a client's; null for a server.
void put_into_messages(std::vector<base::Chunk>& frames, Masking* masking);

}  // namespace jetway::terminal
