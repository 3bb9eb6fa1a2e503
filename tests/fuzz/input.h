// Input: the bytes of one run of a fuzz target, taken apart from both ends. What is fed or read
// comes from the front, so that a file of exact bytes is a seed; where a stream is cut comes from
// the end. When nothing is left, every choice is 0.
#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "base/ensure.h"

namespace jetway::fuzz {

class Input {
public:
    explicit Input(base::ByteView bytes) : rest_(bytes) {}

    bool empty() const { return rest_.empty(); }

    std::uint8_t byte() {
        if (rest_.empty()) {
            return 0;
        }
        const std::uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }

    std::uint16_t pair() {
        const unsigned high = byte();
        return static_cast<std::uint16_t>((high << 8U) | byte());
    }

    // One of 0 to bound - 1; `bound` is at most 256.
    std::size_t below(std::size_t bound) { return byte() % bound; }

    // At most `most` bytes.
    base::ByteView bytes(std::size_t most) {
        const base::ByteView taken = rest_.first(std::min(most, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

    std::uint8_t last() {
        if (rest_.empty()) {
            return 0;
        }
        const std::uint8_t last = rest_.back();
        rest_ = rest_.first(rest_.size() - 1);
        return last;
    }

    // The next piece of the stream, as a byte of the end says: 0 stands for all that is left, less
    // than 192 for as many bytes, and more for as many times 64 beyond.
    base::ByteView piece() { return piece(last()); }
    base::ByteView piece(std::size_t cut) {
        if (cut == 0) {
            return bytes(rest_.size());
        }
        return bytes(cut < 192 ? cut : (cut - 191) * 64);
    }

private:
    base::ByteView rest_;
};

inline bool same_bytes(base::ByteView a, base::ByteView b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// Whether `part` lies in `whole`.
inline bool within(base::ByteView part, base::ByteView whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

inline bool within(std::string_view part, base::ByteView whole) {
    return within(base::as_bytes(part), whole);
}

}  // namespace jetway::fuzz
