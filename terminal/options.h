// What of a terminal a deployment.yml can set: its `limits:`, and the liveness times of `gossip:`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace jetway::terminal {

struct Options {
    std::size_t queue = 8U << 20U;         // limits.queue, bytes
    std::uint32_t max_frame = 16U << 20U;  // limits.max_frame, bytes
    std::size_t services = 4096;           // limits.services, names a connection
    base::Duration hello =
        std::chrono::milliseconds(300);  // gossip.hello: PING after sending nothing for so long
    base::Duration dead_after =
        std::chrono::milliseconds(900);  // gossip.dead_after: silence that ends a link
    base::Duration hello_timeout =
        std::chrono::seconds(5);  // limits.hello_timeout: for the peer's HELLO
    base::Duration frame_timeout =
        std::chrono::seconds(60);  // limits.frame_timeout: for the rest of a frame that has begun
};

}  // namespace jetway::terminal
