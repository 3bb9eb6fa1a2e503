#include "gossip/own_machine.h"

#include <algorithm>

namespace jetway::gossip {

bool JumpWatch::may_jump(base::Instant now) {
    const bool first = !heard_ || now - *heard_ >= duplicate_window;
    heard_ = now;
    return first;
}

bool JumpWatch::may_report(base::Instant now) {
    const bool may = !reported_ || now - *reported_ >= duplicate_window;
    if (may) {
        reported_ = now;
    }
    return may;
}

bool OwnMachine::request(std::uint64_t sequence, base::Instant now) {
    wanted_ = std::max(wanted_, sequence);
    return on_deadline(now);
}

bool OwnMachine::on_deadline(base::Instant now) {
    if (wanted_ <= sequence_ || now < raise_at_) {
        return false;
    }
    sequence_ = wanted_;
    raise_at_ = now + raise_interval;
    return true;
}

base::Instant OwnMachine::due() const {
    return std::min(wanted_ > sequence_ ? raise_at_ : base::never,
                    unpassed_incarnation ? catalog_watch.quiet_at() : base::never);
}

}  // namespace jetway::gossip
