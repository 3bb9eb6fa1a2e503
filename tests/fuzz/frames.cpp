// FrameReader, fed in pieces, against the same stream read at once by a few lines of its own.
#include <vector>

#include "envelope/frame.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using base::Bytes;
using envelope::Frame;
using envelope::FrameFault;

struct Read {
    std::vector<Bytes> frames;  // each written again
    FrameFault fault = FrameFault::none;
};

Bytes written(const Frame& frame) {
    Bytes bytes;
    envelope::append_frame(
        bytes, {.kind = frame.kind, .flags = frame.flags, .hops = frame.hops, .pin = frame.pin},
        frame.body);
    return bytes;
}

// The frame format, as docs/protocol.md draws it.
Read read_at_once(base::ByteView stream, std::uint32_t max_frame) {
    Read read;
    while (stream.size() >= 4 && read.fault == FrameFault::none) {
        const auto length = base::read_be<std::uint32_t>(stream.data());
        if (length > max_frame) {
            read.fault = FrameFault::too_large;
        } else if (length <= envelope::least_length) {
            read.fault = FrameFault::broken;
        } else if (stream.size() - 4 < length) {
            break;
        } else if (length < std::size_t{envelope::least_length} + stream[7] + 1) {
            read.fault = FrameFault::broken;
        } else {
            read.frames.emplace_back(stream.begin(), stream.begin() + 4 + length);
            stream = stream.subspan(std::size_t{4} + length);
        }
    }
    return read;
}

}  // namespace

void frames(base::ByteView bytes) {
    Input input(bytes);
    const std::uint32_t max_frame = 4 + 16U * input.last();
    const bool owned = input.last() % 2 == 1;
    envelope::FrameReader reader(max_frame);
    Bytes stream;
    Read got;
    while (!input.empty()) {
        const base::ByteView piece = input.piece();
        base::append(stream, piece);
        const auto owner = std::make_shared<Bytes>(piece.begin(), piece.end());
        const bool stopped = got.fault != FrameFault::none;
        got.fault = reader.feed(*owner, owned ? &owner : nullptr, [&](const Frame& frame) {
            ensure(!stopped, "after a fault nothing more is read");
            ensure(frame.owner == nullptr || within(frame.body, base::ByteView(**frame.owner)),
                   "a frame's owner owns its body");
            got.frames.push_back(written(frame));
            return true;
        });
        ensure(reader.held() <= stream.size() && reader.held() <= std::size_t{4} + max_frame,
               "a reader holds no more than it was fed, and no more than a frame");
    }
    const Read expected = read_at_once(stream, max_frame);
    ensure(got.frames == expected.frames, "the frames do not depend on where the stream is cut");
    ensure(got.fault == expected.fault, "nor does the fault");
}

}  // namespace jetway::fuzz
