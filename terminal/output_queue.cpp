#include "terminal/output_queue.h"

#include <algorithm>
#include <utility>

namespace jetway::terminal {

namespace {
constexpr std::size_t most_reserved = std::size_t{320}
                                      << 10U;  // a read, and what one held of a frame
}

std::shared_ptr<base::Bytes>& OutputQueue::tail() {
    if (pieces_.empty() || !pieces_.back().run) {
        pieces_.push_back({std::make_shared<base::Bytes>(), {}});
        pieces_.back().run->reserve(std::min(last_run_, most_reserved));
    }
    return pieces_.back().run;
}

OutputQueue::Placed OutputQueue::push(const envelope::Header& header, base::ByteView body,
                                      const std::shared_ptr<base::Bytes>* owner) {
    const std::shared_ptr<base::Bytes>& run = tail();
    base::Bytes& bytes = *run;
    Placed placed{.run = run, .begin = bytes.size(), .end = 0, .apart = {}};
    envelope::append_header(bytes, header, body.size());
    size_ += envelope::header_size + header.pin.size() + body.size();
    const bool apart = body.size() >= large && owner != nullptr && *owner;
    if (!apart) {
        base::append(bytes, body);
    }
    placed.end = bytes.size();
    if (apart) {
        placed.apart = {.view = body, .owner = *owner};
        pieces_.push_back({nullptr, placed.apart});  // `run` moves with its piece
        return {pieces_[pieces_.size() - 2].run, placed.begin, placed.end, std::move(placed.apart)};
    }
    return placed;
}

void OutputQueue::push_shared(base::SharedView frames) {
    size_ += frames.view.size();
    pieces_.push_back({nullptr, std::move(frames)});
}

std::vector<base::Chunk> OutputQueue::take() {
    std::vector<base::Chunk> chunks;
    chunks.reserve(pieces_.size());
    for (Piece& piece : pieces_) {
        base::Chunk& chunk = chunks.emplace_back();
        if (piece.run) {
            last_run_ = piece.run->size();
            chunk.shared = {.view = *piece.run, .owner = std::move(piece.run)};
        } else {
            chunk.shared = std::move(piece.shared);
        }
    }
    pieces_.clear();
    taken_ = size_;
    return chunks;
}

}  // namespace jetway::terminal
