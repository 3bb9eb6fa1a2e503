// Session: what two routers owe each other over a link, whatever becomes of the connections that
// carry it (docs/protocol.md, "Reliable sessions between routers").
//
//   frames to the peer are numbered from 1 by their order and kept until it has acknowledged them;
//   frames from it are counted. When a connection breaks, a HELLO on the next one says what was
//   received, and resume() queues what the peer lacks, and nothing else. When the link is dead,
//   give_back() hands out all that the peer may lack.
//
// It keeps the runs of the queue that it sends by, and copies nothing. It knows no time but when
// something was received that isn't acknowledged; the bound on what is kept is the caller's to ask
// for.
#pragma once

#include <deque>

#include "base/bytes.h"
#include "base/time.h"
#include "envelope/frame.h"
#include "terminal/output_queue.h"

namespace jetway::terminal {

class Session {
public:
    static constexpr std::size_t id_size = 16;             // bytes, random
    static constexpr std::uint64_t ack_frames = 64;        // unacknowledged: ACK at once
    static constexpr std::size_t ack_bytes = 256U << 10U;  // as well
    static constexpr base::Duration ack_delay = std::chrono::milliseconds(20);

    // An empty id: the peer has no sessions, and nothing is kept or acknowledged.
    explicit Session(base::Bytes id) : id_(std::move(id)) {}

    const base::Bytes& id() const { return id_; }
    bool numbered() const { return !id_.empty(); }

    // To the peer.

    // Keeps the frame that was just pushed to the queue of the present connection.
    void keep(const OutputQueue::Placed& placed);
    // Keeps a frame while there is no connection.
    void keep_apart(const envelope::Header& header, base::ByteView body,
                    const std::shared_ptr<base::Bytes>* owner) {
        keep(apart_.push(header, body, owner));
    }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t acknowledged() const { return acknowledged_; }
    std::size_t kept_bytes() const { return kept_bytes_; }

    // The peer has received `count` frames. False: it can't have; nothing changed.
    bool on_ack(std::uint64_t count);
    // Whether a peer that says it received so many has this session still.
    bool can_resume(std::uint64_t count) const { return count >= acknowledged_ && count <= sent_; }
    // The peer, which has received `count` frames, is on a new connection: queues there what it
    // lacks. Needs can_resume().
    void resume(std::uint64_t count, OutputQueue& queue);
    // Calls visit(frame) for each frame that isn't acknowledged, in order, and keeps none of them.
    template <typename Visit>
    void give_back(Visit&& visit) {
        const std::deque<Kept> kept = std::move(kept_);
        kept_.clear();
        kept_bytes_ = 0;
        for (const Kept& one : kept) {
            for (std::size_t at = one.begin; at < one.end;) {
                const std::size_t size = frame_size(one, at);
                visit(frame_at(one, at));
                at += size;
            }
        }
    }

    // From the peer.

    // An ENVELOPE frame of `bytes` came.
    void receive(std::size_t bytes, base::Instant now) {
        if (received_++ == told_) {
            unacknowledged_since_ = now;
        }
        unacknowledged_bytes_ += bytes;
    }
    std::uint64_t received() const { return received_; }
    // When an ACK is due at the latest; base::never: nothing is to be acknowledged.
    base::Instant ack_due() const {
        return received_ == told_ ? base::never
               : received_ - told_ >= ack_frames || unacknowledged_bytes_ >= ack_bytes
                   ? unacknowledged_since_
                   : unacknowledged_since_ + ack_delay;
    }
    // received() was told to the peer, by ACK or HELLO.
    void told() {
        told_ = received_;
        unacknowledged_bytes_ = 0;
    }

private:
    // Whole frames, one after the other in a run; of the last one the body may lie apart.
    struct Kept {
        std::shared_ptr<const base::Bytes> run;
        std::size_t begin = 0;
        std::size_t end = 0;
        std::uint64_t frames = 0;
        base::SharedView apart;
    };
    // What of the frame at `at` lies in the run.
    static std::size_t frame_size(const Kept& kept, std::size_t at);
    static envelope::Frame frame_at(const Kept& kept, std::size_t at);
    void drop_front(std::uint64_t frames);

    base::Bytes id_;
    std::deque<Kept> kept_;
    std::size_t kept_bytes_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t acknowledged_ = 0;
    OutputQueue apart_;  // what is sent while there is no connection; written by nobody
    std::uint64_t received_ = 0;
    std::uint64_t told_ = 0;
    std::size_t unacknowledged_bytes_ = 0;
    base::Instant unacknowledged_since_{};
};

}  // namespace jetway::terminal
