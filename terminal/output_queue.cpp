#include "terminal/output_queue.h"

#include <algorithm>
#include <utility>

namespace jetway::terminal {

namespace {
constexpr std::size_t most_reserved = std::size_t{320}
                                      << 10U;  // a read, and what one held of a frame
}

base::Bytes& OutputQueue::tail() {
    if (chunks_.empty() || chunks_.back().shared.owner) {
        chunks_.emplace_back();
        chunks_.back().own.reserve(std::min(last_run_, most_reserved));
    }
    return chunks_.back().own;
}

void OutputQueue::push(const envelope::Header& header, base::ByteView body,
                       const std::shared_ptr<base::Bytes>* owner) {
    envelope::append_header(tail(), header, body.size());
    size_ += envelope::header_size + header.pin.size() + body.size();
    if (body.size() >= large && owner != nullptr && *owner) {
        base::Chunk chunk;
        chunk.shared = {.view = body, .owner = *owner};
        chunks_.push_back(std::move(chunk));
    } else {
        base::append(tail(), body);
    }
}

std::vector<base::Chunk> OutputQueue::take() {
    if (!chunks_.empty()) {
        last_run_ = chunks_.front().own.size();
    }
    taken_ = size_;
    return std::exchange(chunks_, {});
}

}  // namespace jetway::terminal
