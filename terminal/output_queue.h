// OutputQueue: what a terminal has still to write, bounded in bytes.
//
// Small frames are copied together into one run of bytes; a large body is held by reference to the
// buffer that it was read into. The shell takes everything at once for one gathered write, and says
// when those bytes are done: until then they count as queued. Runs are shared: a session keeps the
// same bytes until they are acknowledged.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "envelope/frame.h"

namespace jetway::terminal {

class OutputQueue {
public:
    // Bodies of at least this many bytes are held by reference where they have an owner.
    static constexpr std::size_t large = 8192;

    // Where a frame lies: a stretch of a run, and what of its body lies apart.
    struct Placed {
        const std::shared_ptr<base::Bytes>& run;
        std::size_t begin = 0;
        std::size_t end = 0;
        base::SharedView apart;  // empty: the whole frame lies in the run
    };

    // Appends a frame: header, then body. `owner` owns the body, or is null. Where it lies is good
    // to know until the next call of anything here.
    Placed push(const envelope::Header& header, base::ByteView body,
                const std::shared_ptr<base::Bytes>* owner);

    // Appends whole frames that lie somewhere already.
    void push_shared(base::SharedView frames);

    // Moves out all that waits to be written. The bytes stay in size() until written() says
    // otherwise.
    std::vector<base::Chunk> take();

    // `bytes` of what was taken have been handed to the system.
    void written(std::size_t bytes) {
        size_ -= bytes;
        taken_ -= bytes;
    }

    // Bytes queued: waiting, or taken and not yet written.
    std::size_t size() const { return size_; }

    bool has_waiting() const { return !pieces_.empty(); }

    // Bytes that take() would give.
    std::size_t waiting() const { return size_ - taken_; }

private:
    // A run that is being filled, or bytes of somebody else's.
    struct Piece {
        std::shared_ptr<base::Bytes> run;
        base::SharedView shared;
    };
    std::shared_ptr<base::Bytes>& tail();

    std::vector<Piece> pieces_;
    std::size_t size_ = 0;
    std::size_t taken_ = 0;     // of these, taken and not yet written
    std::size_t last_run_ = 0;  // the size of the latest run taken: what to reserve for the next
};

}  // namespace jetway::terminal
