#include "gossip/link.h"

#include <algorithm>

namespace jetway::gossip {

void Link::request(const std::string& machine, PendingRequest request) {
    PendingRequest& pending = requests[machine];
    pending.sequence = std::max(pending.sequence, request.sequence);
    pending.hops_left = std::max(pending.hops_left, request.hops_left);
}

base::Instant Link::due() const {
    base::Instant at = base::never;
    if (heartbeat || !changed.empty() || !requests.empty()) {
        at = burst_at;
    }
    if (send_full) {
        at = std::min(at, std::max(burst_at, full_at));
    }
    if (want_full) {
        at = std::min(at, std::max(burst_at, want_full_at));
    }
    return at;
}

}  // namespace jetway::gossip
