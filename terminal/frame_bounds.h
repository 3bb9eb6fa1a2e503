// FrameBounds: follows a frame stream by its lengths, to know where frames end. It reads nothing
// else of them and holds four bytes.
#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "envelope/frame.h"

namespace jetway::terminal {

class FrameBounds {
public:
    enum class Fault {
        none,
        too_large,  // a length over the limit
        broken,     // a length below that of any frame
    };

    explicit FrameBounds(std::uint32_t max_frame) : max_frame_(max_frame) {}

    // The next bytes of the stream, cut anywhere. After a fault nothing is followed any more.
    void follow(base::ByteView bytes) {
        while (!bytes.empty() && fault_ == Fault::none) {
            if (left_ > 0) {
                const std::size_t passed = std::min<std::size_t>(left_, bytes.size());
                left_ -= static_cast<std::uint32_t>(passed);
                bytes = bytes.subspan(passed);
                continue;
            }
            if (held_ == 0 && bytes.size() >= length_size) {
                begin(base::read_be<std::uint32_t>(bytes.data()));
                bytes = bytes.subspan(length_size);
                continue;
            }
            length_ = (length_ << 8U) | bytes.front();
            bytes = bytes.subspan(1);
            if (++held_ == length_size) {
                begin(length_);
                held_ = 0;
                length_ = 0;
            }
        }
    }

    // Whether a frame ends here, or none has begun yet.
    bool at_end() const { return left_ == 0 && held_ == 0; }
    Fault fault() const { return fault_; }

private:
    static constexpr std::size_t length_size = 4;

    void begin(std::uint32_t length) {
        if (length > max_frame_) {
            fault_ = Fault::too_large;
        } else if (length <= envelope::least_length) {
            fault_ = Fault::broken;
        }
        left_ = length;
    }

    std::uint32_t max_frame_;
    std::uint32_t left_ = 0;    // bytes that the present frame still lacks
    std::uint32_t length_ = 0;  // as far as it has come
    std::size_t held_ = 0;      // bytes of it
    Fault fault_ = Fault::none;
};

}  // namespace jetway::terminal
