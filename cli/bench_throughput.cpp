#include "cli/bench_throughput.h"

#include <algorithm>
#include <cstring>

namespace jetway::cli {

namespace {

using base::Error;
using base::Result;

constexpr std::size_t batch_size = std::size_t{256} << 10U;  // bytes a write at most, or one frame
constexpr std::uint64_t checked_every = 1024;  // frames; of the others only the size is compared

class OneWay {
public:
    OneWay(const Ends& ends, const LoadOptions& options)
        : ends_(ends), options_(options), poll_(ends), asides_(result_.tally) {
        const base::Bytes frame = one_way_frame(ends, options.size);
        frame_ = frame.size();
        body_ = frame_ - envelope::header_size;
        result_.frame_bytes = frame_;
        const std::size_t frames = std::max<std::size_t>(1, batch_size / frame_);
        for (std::size_t i = 0; i < frames; ++i) {
            base::append(batch_, frame);
        }
        window_ = std::max<std::uint64_t>(
            frame_, std::min<std::uint64_t>(options.window_bytes, options.window_frames * frame_));
        limit_ = options.count == 0 ? UINT64_MAX : options.count * frame_;
    }

    Result<Throughput> run() {
        const base::Instant start = bench_now();
        base::Instant now = start;
        base::Instant last_progress = start;
        Tally& tally = result_.tally;
        for (;;) {
            if (options_.count == 0 && limit_ == UINT64_MAX && now >= start + options_.duration) {
                limit_ = (bytes_ + frame_ - 1) / frame_ * frame_;  // the frame begun is finished
            }
            if (const Result<void> sent = send(); !sent) {
                return asides_.goodbye().code.empty() ? sent.error() : asides_.goodbye();
            }
            tally.sent = (bytes_ + frame_ - 1) / frame_;
            if (bytes_ == limit_ && tally.settled() >= tally.sent) {
                break;
            }
            const std::uint64_t before = tally.settled() + bytes_;
            const LoadPoll::Ready ready =
                poll_.wait(blocked_, false, last_progress + options_.timeout);
            if (const Result<void> read = receive(ready); !read) {
                return asides_.goodbye().code.empty() ? read.error() : asides_.goodbye();
            }
            now = bench_now();
            if (tally.settled() + bytes_ != before || ready.any) {
                last_progress = now;
            } else if (now >= last_progress + options_.timeout) {
                break;
            }
            if (tally.received > 0 && ready.to) {
                tally.elapsed = now - start;
            }
        }
        return result_;
    }

private:
    // Sends while the window has room for a fair part of it: small leftovers wait to be sent
    // together.
    Result<void> send() {
        blocked_ = false;
        while (bytes_ < limit_ && !asides_.held()) {
            const std::uint64_t settled = result_.tally.settled() * frame_;
            const std::uint64_t under_way = bytes_ > settled ? bytes_ - settled : 0;
            const std::uint64_t room = under_way < window_ ? window_ - under_way : 0;
            const std::size_t offset = bytes_ % batch_.size();
            const std::uint64_t wanted =
                std::min<std::uint64_t>(limit_ - bytes_, batch_.size() - offset);
            if (room < std::min<std::uint64_t>(wanted, window_ / 4)) {
                break;
            }
            const std::size_t size = std::min<std::uint64_t>(wanted, room);
            const Result<std::size_t> put = ends_.from.write_some({batch_.data() + offset, size});
            if (!put) {
                return put.error();
            }
            bytes_ += *put;
            if (*put < size) {
                blocked_ = true;
                break;
            }
        }
        return {};
    }

    Result<void> receive(const LoadPoll::Ready& ready) {
        if (ready.to) {
            const Result<bool> read = ends_.to.read_frames([this](const envelope::Frame& frame) {
                arrived(frame);
                return true;
            });
            if (!read) {
                return read.error();
            }
        }
        if (ready.from) {
            const Result<bool> read = ends_.from.read_frames([this](const envelope::Frame& frame) {
                asides_.take(frame);
                return true;
            });
            if (!read) {
                return read.error();
            }
        }
        return {};
    }

    void arrived(const envelope::Frame& frame) {
        Tally& tally = result_.tally;
        if (frame.kind != envelope::Kind::envelope || frame.body.size() != body_) {
            asides_.take(frame);
            return;
        }
        if (tally.received % checked_every == 0 &&
            std::memcmp(frame.body.data(), batch_.data() + envelope::header_size, body_) != 0) {
            ++tally.unexpected;
            return;
        }
        ++tally.received;
    }

    const Ends& ends_;
    const LoadOptions& options_;
    LoadPoll poll_;
    Throughput result_;
    Asides asides_;
    base::Bytes batch_;  // frames, one like the other
    std::uint64_t frame_ = 0;
    std::size_t body_ = 0;
    std::uint64_t window_ = 0;
    std::uint64_t limit_ = 0;  // bytes to send in all
    std::uint64_t bytes_ = 0;  // sent
    bool blocked_ = false;
};

}  // namespace

Result<Throughput> run_throughput(const Ends& ends, const LoadOptions& options) {
    return OneWay(ends, options).run();
}

}  // namespace jetway::cli
