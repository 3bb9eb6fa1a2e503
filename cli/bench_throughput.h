// The one-way load: as many frames as the way carries, with a bounded amount under way.
#pragma once

#include "base/result.h"
#include "cli/bench_load.h"

namespace jetway::cli {

struct Throughput {
    Tally tally;
    std::size_t frame_bytes = 0;  // of one frame as it is sent, its length field included
};

// Ends when all that was sent has arrived or been refused, or when nothing has for the timeout:
// what is missing then is Tally::lost(). Blocking.
base::Result<Throughput> run_throughput(const Ends& ends, const LoadOptions& options);

}  // namespace jetway::cli
