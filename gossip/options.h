// What of gossip a deployment.yml can set: its `gossip:` section, and `limits.machines`.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace jetway::gossip {

struct Options {
    base::Duration interval = std::chrono::seconds(5);            // between heartbeats
    base::Duration min_interval = std::chrono::milliseconds(20);  // between two bursts of changes
    base::Duration request_timeout =
        std::chrono::milliseconds(500);  // how long envelopes wait for a feasible route
    std::size_t max_machines = 10'000;   // limits.machines
};

}  // namespace jetway::gossip
