// OwnMachine: the sequence number of our own route, and the watch against what the mesh remembers
// of us.
//
// Only a machine itself raises its number: when a neighbour asks for it (RFC 8966, 3.8.1.2), at
// most once in 100 ms, and when it hears of itself with a number above its own. The latter is what
// an earlier life of ours left behind, so it is passed, once; a second time within 60 s another
// machine bears our name, and two that jump past each other would do it for ever.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace jetway::gossip {

inline constexpr std::uint64_t greatest_jump = std::uint64_t{1} << 32U;
inline constexpr base::Duration raise_interval = std::chrono::milliseconds(100);
inline constexpr base::Duration duplicate_window = std::chrono::seconds(60);

// Whether `to` is so far above `from` that nobody has counted there.
inline bool jumps(std::uint64_t from, std::uint64_t to) {
    return to > from && to - from > greatest_jump;
}

class JumpWatch {
public:
    // We heard of ourselves with something above our own. True: jump; false: it is a duplicate,
    // whose every word makes the 60 s begin anew.
    bool may_jump(base::Instant now);

    // When the 60 s since the last such word end.
    base::Instant quiet_at() const { return heard_ ? *heard_ + duplicate_window : base::never; }

    // Whether a duplicate is to be reported: once in each 60 s.
    bool may_report(base::Instant now);

private:
    std::optional<base::Instant> heard_;
    std::optional<base::Instant> reported_;
};

class OwnMachine {
public:
    std::uint64_t sequence() const { return sequence_; }

    // A request for at least `sequence`. True if the number grew at once; otherwise it will, at
    // `due`.
    bool request(std::uint64_t sequence, base::Instant now);
    bool on_deadline(base::Instant now);  // true if the number grew
    base::Instant due() const;

    void jump_past(std::uint64_t sequence) { sequence_ = sequence + 1; }

    JumpWatch sequence_watch;
    JumpWatch catalog_watch;

    // The newest incarnation of our catalog that we heard of and didn't pass: passed when there has
    // been quiet, since it may have been an earlier life after all, and nobody would ever take our
    // catalog.
    std::optional<std::uint64_t> unpassed_incarnation;

private:
    std::uint64_t sequence_ = 1;
    std::uint64_t wanted_ = 0;
    base::Instant raise_at_ = base::Instant::min();  // not before
};

}  // namespace jetway::gossip
