// Options: when an instance is taken out and comes back, and how often it is asked.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace jetway::balance {

struct Options {
    std::uint32_t unhealthy_after = 3;  // failures in a row that take it out; at least 1
    std::uint32_t healthy_after = 2;    // good probes in a row that bring it back; at least 1
    base::Duration probe_interval = std::chrono::seconds(5);  // of one that is in use
    base::Duration probe_timeout = std::chrono::seconds(2);   // no answer by then is a failure
    // After a failure, doubled after each further one up to the greatest.
    base::Duration probe_backoff = std::chrono::milliseconds(250);
    base::Duration probe_backoff_max = std::chrono::seconds(30);
    // How long a request without an answer counts as in flight.
    base::Duration request_timeout = std::chrono::seconds(30);

    friend bool operator==(const Options&, const Options&) = default;
};

}  // namespace jetway::balance
