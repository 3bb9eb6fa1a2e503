// Frame: the unit of every connection, and FrameReader, which finds frames in a stream of bytes.
//
//  0        4      5       6      7       8
// +--------+------+-------+------+-------+-----------+------------------+
// | length | kind | flags | hops | pinsz | pin bytes | body             |
// | u32    | u8   | u8    | u8   | u8    | 0..255    | one msgpack value|
// +--------+------+-------+------+-------+-----------+------------------+
//
// All integers are big-endian; `length` counts every byte after itself (docs/protocol.md, "Frame").
#pragma once

#include <memory>

#include "base/bytes.h"

namespace jetway::envelope {

enum class Kind : std::uint8_t {
    hello = 1,
    envelope = 2,
    announce = 3,
    ack = 4,
    ping = 5,
    pong = 6,
    attach = 7,
    detach = 8,
    hold = 9,
    resume = 10,
    goodbye = 11,
};

namespace flag {
inline constexpr std::uint8_t reroutable = 1;
inline constexpr std::uint8_t trace = 2;
inline constexpr std::uint8_t possible_duplicate = 4;
inline constexpr std::uint8_t dry = 8;
inline constexpr std::uint8_t all = 15;
}  // namespace flag

inline constexpr std::size_t header_size = 8;  // without the pin
inline constexpr std::uint32_t least_length =
    4;  // what `length` counts of a frame without pin and body

// One frame, in place: its views live as long as the bytes that it was read from.
struct Frame {
    Kind kind = Kind::envelope;
    std::uint8_t flags = 0;
    std::uint8_t hops = 0;
    std::string_view pin;
    base::ByteView body;
    // Who owns the bytes, for a receiver that keeps them; null when it has to copy. Borrowed.
    const std::shared_ptr<base::Bytes>* owner = nullptr;
};

// What a frame's header says; the frame's body may be sent apart from it.
struct Header {
    Kind kind = Kind::envelope;
    std::uint8_t flags = 0;
    std::uint8_t hops = 0;
    std::string_view pin;  // at most 255 bytes
};

// Appends the header of a frame whose body will be `body_size` bytes.
void append_header(base::Bytes& to, const Header& header, std::size_t body_size);

// Appends a whole frame.
void append_frame(base::Bytes& to, const Header& header, base::ByteView body);

enum class FrameFault {
    none,
    too_large,  // `length` is over the limit: refused from these four bytes alone
    broken,     // `length` below 4, a pin beyond the frame, or no body
};

class FrameReader {
public:
    // Frames whose `length` is above `max_frame` (bytes) are refused.
    explicit FrameReader(std::uint32_t max_frame) : max_frame_(max_frame) {}

    // Takes the next bytes of the stream, cut anywhere, and calls `on_frame(const Frame&) -> bool`
    // for every whole frame, in order and in place; false from it stops, and the rest is dropped.
    // What is left of a frame is kept for the next call: memory grows with the bytes received,
    // never with what a header says. After a fault the stream can't be trusted: nothing more is
    // read from it. `owner` owns `bytes`, or is null; bytes that are copied to complete a frame
    // have an owner of their own.
    template <typename OnFrame>
    FrameFault feed(base::ByteView bytes, const std::shared_ptr<base::Bytes>* owner,
                    OnFrame&& on_frame) {
        while (!bytes.empty() && fault_ == FrameFault::none) {
            if (pending_ && !pending_->empty()) {
                bytes = bytes.subspan(complete(bytes));
                const bool whole = missing() == 0;  // this may be what finds a fault
                if (fault_ != FrameFault::none || !whole) {
                    break;
                }
                const bool go_on = yield(*pending_, &pending_, on_frame);
                release();
                if (!go_on) {
                    break;
                }
                continue;
            }
            std::size_t size = 0;
            if (bytes.size() >= 4) {
                size = frame_size(bytes);
                if (fault_ != FrameFault::none) {
                    break;
                }
            }
            if (size == 0 || size > bytes.size()) {
                keep(bytes);
                break;
            }
            if (!yield(bytes.first(size), owner, on_frame)) {
                break;
            }
            bytes = bytes.subspan(size);
        }
        return fault_;
    }

    // Bytes of an unfinished frame that it holds.
    std::size_t held() const { return pending_ ? pending_->size() : 0; }

private:
    template <typename OnFrame>
    bool yield(base::ByteView whole, const std::shared_ptr<base::Bytes>* owner, OnFrame& on_frame) {
        const std::size_t pin = whole[7];
        if (header_size + pin >= whole.size()) {
            fault_ = FrameFault::broken;
            return false;
        }
        Frame frame;
        frame.kind = static_cast<Kind>(whole[4]);
        frame.flags = whole[5];
        frame.hops = whole[6];
        frame.pin = base::as_text(whole.subspan(header_size, pin));
        frame.body = whole.subspan(header_size + pin);
        frame.owner = owner;
        return on_frame(static_cast<const Frame&>(frame));
    }

    // The size of the frame that starts with these 4 bytes or more, its length field included.
    std::size_t frame_size(base::ByteView start);
    // Bytes that the pending frame still lacks; its length field first.
    std::size_t missing();
    // Moves bytes to the pending frame until it is whole; returns how many.
    std::size_t complete(base::ByteView bytes);
    void keep(base::ByteView bytes);
    void release();

    std::uint32_t max_frame_;
    FrameFault fault_ = FrameFault::none;
    std::shared_ptr<base::Bytes> pending_;
};

}  // namespace jetway::envelope
