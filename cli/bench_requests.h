// The request load: `from` asks, `to` answers to `replyTo`, with a set number of requests
// outstanding.
#pragma once

#include "base/result.h"
#include "cli/bench_latency.h"
#include "cli/bench_load.h"

namespace jetway::cli {

struct RoundTrips {
    Tally tally;  // of requests; received: answered
    Latencies latencies;
    std::size_t frame_bytes = 0;  // of one request
};

// Ends as run_throughput does. Blocking.
base::Result<RoundTrips> run_requests(const Ends& ends, const LoadOptions& options);

}  // namespace jetway::cli
