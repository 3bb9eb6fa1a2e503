#include "terminal/websocket_message.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ensure.h"

namespace jetway::terminal {
namespace {

constexpr std::size_t most_kept = std::size_t{1} << 20U;  // bytes of copies, for the next ones

void append_header(base::Bytes& to, Opcode opcode, std::size_t size,
                   std::optional<std::uint32_t> mask) {
    using namespace websocket_header;
    std::array<std::uint8_t, longest> header{};
    std::size_t used = 2;
    header[0] = final_bit | static_cast<std::uint8_t>(opcode);
    if (size <= longest_control) {
        header[1] = static_cast<std::uint8_t>(size);
    } else if (size <= 0xffff) {
        header[1] = two_bytes_follow;
        base::write_be(&header[2], static_cast<std::uint16_t>(size));
        used += 2;
    } else {
        header[1] = eight_bytes_follow;
        base::write_be(&header[2], static_cast<std::uint64_t>(size));
        used += 8;
    }
    if (mask) {
        header[1] |= mask_bit;
        base::write_be(&header[used], *mask);
        used += 4;
    }
    base::append(to, base::ByteView(header).first(used));
}

// What is to be written: bytes that may be masked where they are, or bytes of somebody else's.
struct Run {
    base::ByteView view;
    std::span<std::uint8_t> own;  // the same, if they are ours
    std::shared_ptr<const base::Bytes> owner;
};

// Bytes of ours get an owner, so that pieces of them can be written.
std::vector<Run> runs_of(std::vector<base::Chunk>& frames) {
    std::vector<Run> runs;
    for (base::Chunk& chunk : frames) {
        if (!chunk.own.empty()) {
            const auto owner = std::make_shared<base::Bytes>(std::move(chunk.own));
            runs.push_back({.view = *owner, .own = *owner, .owner = owner});
        } else if (!chunk.shared.view.empty()) {
            runs.push_back({.view = chunk.shared.view, .own = {}, .owner = chunk.shared.owner});
        }
    }
    return runs;
}

// A place in the frames.
class Place {
public:
    explicit Place(const std::vector<Run>& runs) : runs_(&runs) {}

    bool at_end() const { return run_ == runs_->size(); }
    const Run& run() const { return (*runs_)[run_]; }
    std::size_t offset() const { return offset_; }
    // What is left of the run here.
    base::ByteView rest() const { return run().view.subspan(offset_); }

    void advance(std::size_t bytes) {
        while (bytes > 0) {
            ensure(!at_end(), "only whole frames are written");
            const std::size_t step = std::min(bytes, rest().size());
            offset_ += step;
            bytes -= step;
            if (offset_ == run().view.size()) {
                ++run_;
                offset_ = 0;
            }
        }
    }

    // The size of the frame that begins here, its length field included.
    std::size_t frame_size() const {
        if (rest().size() >= 4) {
            return std::size_t{4} + base::read_be<std::uint32_t>(rest().data());
        }
        Place reading = *this;
        std::size_t length = 0;
        for (int i = 0; i < 4; ++i) {
            ensure(!reading.at_end(), "only whole frames are written");
            length = (length << 8U) | reading.rest().front();
            reading.advance(1);
        }
        return 4 + length;
    }

private:
    const std::vector<Run>* runs_;
    std::size_t run_ = 0;
    std::size_t offset_ = 0;
};

// The size of the message that begins at `place`.
std::size_t message_size(Place place) {
    std::size_t size = 0;
    while (!place.at_end()) {
        const std::size_t frame = place.frame_size();
        if (size > 0 && size + frame > longest_message) {
            break;
        }
        size += frame;
        place.advance(frame);
    }
    return size;
}

// Chunks that are to be written: headers and small pieces copied together, the rest as it lies, or
// as the masked copy of what isn't ours.
class Messages {
public:
    // `copies`: where masked copies go, with room for all of them.
    explicit Messages(std::shared_ptr<base::Bytes> copies) : copies_(std::move(copies)) {}

    void begin(std::size_t size, std::optional<std::uint32_t> mask) {
        mask_ = mask;
        at_ = 0;
        append_header(tail(), Opcode::binary, size, mask);
    }

    void add(const Run& run, std::size_t from, std::size_t size) {
        const base::ByteView bytes = run.view.subspan(from, size);
        std::span<std::uint8_t> to_mask = run.own.empty() ? run.own : run.own.subspan(from, size);
        if (size < small) {
            base::append(tail(), bytes);
            to_mask = std::span(tail()).last(size);
        } else if (mask_ && run.own.empty()) {
            base::append(*copies_, bytes);
            to_mask = std::span(*copies_).last(size);
            chunks_.emplace_back().shared = {.view = to_mask, .owner = copies_};
        } else {
            chunks_.emplace_back().shared = {.view = bytes, .owner = run.owner};
        }
        if (mask_) {
            apply_mask(to_mask, *mask_, at_);
        }
        at_ += size;
    }

    std::vector<base::Chunk> take() { return std::move(chunks_); }

private:
    static constexpr std::size_t small = 512;  // a chunk costs more than the copy of so many bytes

    base::Bytes& tail() {
        if (chunks_.empty() || chunks_.back().own.empty()) {
            chunks_.emplace_back();
        }
        return chunks_.back().own;
    }

    std::shared_ptr<base::Bytes> copies_;
    std::vector<base::Chunk> chunks_;
    std::optional<std::uint32_t> mask_;
    std::size_t at_ = 0;  // bytes of the message's payload
};

// Room for the copies of all that isn't ours.
std::shared_ptr<base::Bytes> room_for(const std::vector<Run>& runs, Masking& masking) {
    std::size_t size = 0;
    for (const Run& run : runs) {
        size += run.own.empty() ? run.view.size() : 0;
    }
    if (!masking.copies || masking.copies.use_count() > 1) {
        masking.copies = std::make_shared<base::Bytes>();
    }
    masking.copies->clear();
    masking.copies->reserve(size);
    return masking.copies;
}

}  // namespace

void apply_mask(std::span<std::uint8_t> bytes, std::uint32_t mask, std::size_t at) {
    std::array<std::uint8_t, 8> key{};
    base::write_be(key.data(), mask);
    std::rotate(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(at % 4), key.begin() + 4);
    std::copy_n(key.begin(), 4, key.begin() + 4);
    std::uint64_t wide_key = 0;
    std::memcpy(&wide_key, key.data(), key.size());
    std::size_t done = 0;
    for (; done + sizeof(wide_key) <= bytes.size(); done += sizeof(wide_key)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + done, sizeof(word));
        word ^= wide_key;
        std::memcpy(bytes.data() + done, &word, sizeof(word));
    }
    for (; done < bytes.size(); ++done) {
        bytes[done] ^= key[done % 4];
    }
}

void append_message(base::Bytes& to, Opcode opcode, base::ByteView payload,
                    std::optional<std::uint32_t> mask) {
    append_header(to, opcode, payload.size(), mask);
    base::append(to, payload);
    if (mask) {
        apply_mask(std::span(to).last(payload.size()), *mask, 0);
    }
}

void put_into_messages(std::vector<base::Chunk>& frames, Masking* masking) {
    std::size_t total = 0;
    for (const base::Chunk& chunk : frames) {
        total += chunk.view().size();
    }
    if (masking == nullptr && total > 0 && total <= longest_message) {
        base::Chunk header;
        append_header(header.own, Opcode::binary, total, std::nullopt);
        frames.insert(frames.begin(), std::move(header));
        return;
    }
    const std::vector<Run> runs = runs_of(frames);
    Messages messages(masking == nullptr ? nullptr : room_for(runs, *masking));
    Place place(runs);
    while (!place.at_end()) {
        std::size_t left = message_size(place);
        messages.begin(left,
                       masking == nullptr ? std::nullopt : std::optional(masking->next_key()));
        while (left > 0) {
            const std::size_t step = std::min(left, place.rest().size());
            messages.add(place.run(), place.offset(), step);
            place.advance(step);
            left -= step;
        }
    }
    frames = messages.take();
    if (masking != nullptr && masking->copies->capacity() > most_kept) {
        masking->copies.reset();
    }
}

}  // namespace jetway::terminal
