#include "io/read_buffer.h"

namespace jetway::io {

std::span<std::uint8_t> ReadBuffer::space() {
    if (current_ && current_.use_count() == 1) {
        used_ = 0;
    }
    if (current_ && buffer_bytes - used_ < least_read_bytes) {
        // Full of bytes that somebody keeps: swap with a buffer that nobody does.
        for (auto& candidate : retired_) {
            if (candidate.use_count() == 1) {
                std::swap(candidate, current_);
                used_ = 0;
                return *current_;
            }
        }
        if (retired_.size() < most_retired) {
            retired_.push_back(std::move(current_));
        }
        current_ = nullptr;
    }
    if (!current_) {
        current_ = std::make_shared<base::Bytes>(buffer_bytes);
        used_ = 0;
    }
    return std::span(*current_).subspan(used_);
}

void ReadBuffer::shown(std::size_t bytes) {
    if (current_.use_count() > 1) {
        used_ += bytes;
    }
}

}  // namespace jetway::io
