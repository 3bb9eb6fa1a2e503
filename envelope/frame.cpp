#include "envelope/frame.h"

#include <algorithm>
#include <array>

#include "base/ensure.h"

namespace jetway::envelope {

namespace {
constexpr std::size_t kept_capacity = std::size_t{64}
                                      << 10U;  // a larger buffer is given back at once
}

void append_header(base::Bytes& to, const Header& header, std::size_t body_size) {
    ensure(header.pin.size() <= 255, "a pin is at most 255 bytes");
    std::array<std::uint8_t, header_size> bytes;
    base::write_be(bytes.data(),
                   static_cast<std::uint32_t>(least_length + header.pin.size() + body_size));
    bytes[4] = static_cast<std::uint8_t>(header.kind);
    bytes[5] = header.flags;
    bytes[6] = header.hops;
    bytes[7] = static_cast<std::uint8_t>(header.pin.size());
    base::append(to, bytes);
    if (!header.pin.empty()) {
        base::append(to, base::as_bytes(header.pin));
    }
}

void append_frame(base::Bytes& to, const Header& header, base::ByteView body) {
    append_header(to, header, body.size());
    base::append(to, body);
}

std::size_t FrameReader::frame_size(base::ByteView start) {
    const auto length = base::read_be<std::uint32_t>(start.data());
    if (length > max_frame_) {
        fault_ = FrameFault::too_large;
    } else if (length <= least_length) {
        fault_ = FrameFault::broken;
    }
    return std::size_t{4} + length;
}

std::size_t FrameReader::missing() {
    const base::Bytes& held = *pending_;
    if (held.size() < 4) {
        return 4 - held.size();
    }
    const std::size_t size = frame_size(held);
    return fault_ == FrameFault::none ? size - held.size() : 0;
}

std::size_t FrameReader::complete(base::ByteView bytes) {
    std::size_t moved = 0;
    while (moved < bytes.size() && fault_ == FrameFault::none) {
        const std::size_t step = std::min(missing(), bytes.size() - moved);
        if (step == 0) {
            break;
        }
        base::append(*pending_, bytes.subspan(moved, step));
        moved += step;
    }
    return moved;
}

void FrameReader::keep(base::ByteView bytes) {
    if (!pending_) {
        pending_ = std::make_shared<base::Bytes>();
    }
    base::append(*pending_, bytes);
}

void FrameReader::release() {
    if (pending_.use_count() > 1 || pending_->capacity() > kept_capacity) {
        pending_.reset();  // somebody keeps the frame, or the buffer is too large to sit on
    } else {
        pending_->clear();
    }
}

}  // namespace jetway::envelope
