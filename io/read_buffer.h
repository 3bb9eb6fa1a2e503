// ReadBuffer: the one buffer that all streams of a loop read into, so that an idle connection costs
// no memory. For io/ only.
//
// A receiver that wants to keep what came keeps a copy of `owner()`. The next read then goes behind
// the bytes kept while there is room for a useful read, and else into another buffer. So what is
// kept pins little more than its own size, and buffers that came back are used again.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace jetway::io {

class ReadBuffer {
public:
    static constexpr std::size_t buffer_bytes = std::size_t{256} << 10U;
    static constexpr std::size_t least_read_bytes = std::size_t{64} << 10U;

    // Where the next read may write; not empty.
    std::span<std::uint8_t> space();
    // `bytes` of the space were filled and shown to a receiver, which may have kept the owner.
    void shown(std::size_t bytes);
    const std::shared_ptr<base::Bytes>& owner() const { return current_; }

private:
    static constexpr std::size_t most_retired = 4;

    std::shared_ptr<base::Bytes> current_;
    std::size_t used_ = 0;
    std::vector<std::shared_ptr<base::Bytes>> retired_;
};

}  // namespace jetway::io
