// What the loads of `jetway bench` have in common: the two ends, what may be under way between
// them, and what a connection says besides the frames that are measured.
#pragma once

#include <sys/epoll.h>

#include <string>

#include "cli/bench_socket.h"

namespace jetway::cli {

struct LoadOptions {
    std::size_t size = 64;                              // payload bytes: `data` is a bin of so many
    base::Duration duration = std::chrono::seconds(3);  // of sending; zero: until `count`
    std::uint64_t count = 0;  // frames, or round trips; 0: until `duration`
    std::size_t window_bytes = std::size_t{1} << 20U;  // under way at most
    std::uint64_t window_frames = 65'536;              // the same in frames
    std::uint64_t outstanding = 1;                     // requests unanswered at once
    base::Duration timeout = std::chrono::seconds(5);  // without progress
};

// The two ends of a load, both in this process: what has arrived is known to whoever sends.
struct Ends {
    BenchSocket& from;
    BenchSocket& to;
    std::string destination;  // what `from` writes to: a name at `to`, with its machine or without
};

// What became of the frames that were sent: sent = received + refused + lost, and `unexpected` is
// 0.
struct Tally {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t refused = 0;     // error envelopes came for them
    std::uint64_t unexpected = 0;  // envelopes that are none of these
    std::uint64_t holds = 0;       // HOLDs, each heeded until its RESUME
    std::string refusal;           // the first code
    base::Duration elapsed{0};     // from the first byte sent to the last frame received

    std::uint64_t settled() const { return received + refused; }
    std::uint64_t lost() const { return sent > settled() ? sent - settled() : 0; }
};

// What a connection says besides what is measured.
class Asides {
public:
    explicit Asides(Tally& tally) : tally_(&tally) {}

    // Takes a frame that is not one of the measured. Its error envelopes are refusals; returns the
    // raw `inReplyTo` of one, empty for anything else. Unknown kinds and PINGs are passed over.
    base::ByteView take(const envelope::Frame& frame);

    bool held() const { return held_ > 0; }
    const base::Error& goodbye() const { return goodbye_; }  // no code: none came

private:
    Tally* tally_;
    std::uint64_t held_ = 0;
    base::Error goodbye_;
};

// Waits on both ends of a load with one epoll.
class LoadPoll {
public:
    explicit LoadPoll(const Ends& ends);
    LoadPoll(const LoadPoll&) = delete;
    LoadPoll& operator=(const LoadPoll&) = delete;
    ~LoadPoll();

    // Which ends have something to read. Also returns when an end that is waited for can be
    // written.
    struct Ready {
        bool from = false;
        bool to = false;
        bool any = false;
    };
    Ready wait(bool from_blocked, bool to_blocked, base::Instant deadline);

private:
    void watch(int fd, bool& now, bool wanted);

    int epoll_ = -1;
    int from_ = -1;
    int to_ = -1;
    bool from_out_ = false;
    bool to_out_ = false;
};

// The frame that a load sends again and again, with the source that `from` has.
base::Bytes one_way_frame(const Ends& ends, std::size_t size);

// Sends one frame after the other until one arrives: the way is known and open in that direction.
// Errors: that of the last refusal once `timeout` has passed, `timeout`, and those of BenchSocket.
base::Result<void> await_way(const Ends& ends, base::Duration timeout);

}  // namespace jetway::cli
