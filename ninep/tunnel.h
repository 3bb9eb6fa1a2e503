// Tunnel: one end of a byte stream through the mesh, by which an instance is reached that can't be
// dialled from here. Bytes of a socket come in at one end and go out at the other, in messages that
// travel as the data of envelopes.
//
//     message = stream[8] kind[1] sequence[8] acknowledged[8] data…       integers big-endian
//
// `sequence` counts the bytes of data that were sent before this one, `acknowledged` those that the
// sender of the message has passed on. kind 0: data, or none, as a sign of life; kind 1: the last
// one, the sender's socket is closed and nothing follows.
//
// It promises: bytes in order, each once, or the end of the stream. What came already is dropped;
// a gap ends the stream, as does silence. No more than `window` bytes are on their way, and no more
// are kept here. Left to others: which envelopes belong to it, and the sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace jetway::ninep {

struct TunnelOptions {
    std::size_t window = 1U << 20U;                     // bytes that are not acknowledged
    std::size_t piece = 128U << 10U;                    // of one message
    base::Duration alive = std::chrono::seconds(3);     // something is said at least so often
    base::Duration silence = std::chrono::seconds(10);  // nothing heard for so long ends it
};

// The stream that a message is of; nothing: it is none.
std::optional<std::uint64_t> tunnel_of(base::ByteView message);

class Tunnel {
public:
    Tunnel(std::uint64_t stream, const TunnelOptions& options, base::Instant now)
        : options_(options), stream_(stream), heard_(now), said_(now) {}

    // Bytes that the socket gave. It is not to be read further unless wants_input().
    void send(base::ByteView bytes);
    bool wants_input() const { return !ending_ && unsent_.size() + in_flight_ < options_.window; }
    // The socket closed: the other end is told, behind all that was sent.
    void finish() { ending_ = true; }

    // Error: the stream is over, and `why` says what was wrong.
    base::Result<void> on_message(base::ByteView message, base::Instant now);
    // What the socket is to write; by taking it, it is acknowledged.
    base::Bytes take_received();
    bool has_received() const { return !received_.empty(); }
    // The other end has closed, and all that it sent was taken.
    bool is_over() const { return peer_ended_ && received_.empty(); }
    // finish() was called, and the last message taken.
    bool said_end() const { return said_end_; }

    // What is to be sent now, each the data of an envelope.
    std::vector<base::Bytes> take_messages(base::Instant now);
    // False: silent for too long.
    bool on_deadline(base::Instant now);
    base::Instant next_deadline() const;

private:
    base::Bytes message(std::uint8_t kind, base::ByteView data);

    TunnelOptions options_;
    std::uint64_t stream_;
    base::Bytes unsent_;
    std::uint64_t sent_ = 0;     // bytes, ever
    std::size_t in_flight_ = 0;  // of these: not acknowledged
    base::Bytes received_;
    std::uint64_t got_ = 0;           // bytes, ever
    std::uint64_t taken_ = 0;         // of these: passed on
    std::uint64_t acknowledged_ = 0;  // what was last said of that
    bool ending_ = false;
    bool said_end_ = false;
    bool peer_ended_ = false;
    bool due_ = false;  // a sign of life is
    base::Instant heard_;
    base::Instant said_;
};

}  // namespace jetway::ninep
