// What of a terminal a deployment.yml can set: its `limits:`, and the liveness times of `gossip:`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace jetway::terminal {

struct Options {
    std::size_t queue = 8U << 20U;            // limits.queue, bytes
    std::size_t unacknowledged = 16U << 20U;  // limits.unacknowledged, bytes a link
    std::uint32_t max_frame = 16U << 20U;     // limits.max_frame, bytes
    std::size_t services = 4096;              // limits.services, names a connection
    std::size_t held = 64U << 20U;  // limits.held, bytes that wait for held destinations, in all
    base::Duration hold_timeout = std::chrono::seconds(30);  // limits.hold_timeout: a HOLD ends
    base::Duration hello =
        std::chrono::milliseconds(300);  // gossip.hello: PING after sending nothing for so long
    base::Duration dead_after =
        std::chrono::milliseconds(900);  // gossip.dead_after: silence that ends a link
    // From gossip.interval: on a link that is never idle a PING measures the round trip so often.
    base::Duration measure = std::chrono::seconds(5);
    base::Duration hello_timeout =
        std::chrono::seconds(5);  // limits.hello_timeout: for the peer's HELLO
    base::Duration frame_timeout =
        std::chrono::seconds(60);  // limits.frame_timeout: for the rest of a frame that has begun

    // Of a queue: past the high mark its senders are told to hold, under the low one to resume. The
    // rest up to `queue` is for what is under way by then.
    std::size_t high_mark() const { return queue / 4; }
    std::size_t low_mark() const { return queue / 8; }
};

}  // namespace jetway::terminal
