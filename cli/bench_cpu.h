// CpuMeter: how much CPU time the routers on the way, or any process, have used so far.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/bench_socket.h"

namespace jetway::cli {

// What one router or process used during a load.
struct CpuUse {
    std::string who;  // a machine, or "pid 123"
    std::uint64_t microseconds = 0;
};

class CpuMeter {
public:
    // A router, asked for its status over a connection of its own. A machine that is known already
    // is not added again.
    base::Result<void> add_router(const io::Endpoint& at, base::Duration timeout);

    // A process of this host, whatever it is.
    base::Result<void> add_process(pid_t pid);

    // Notes where everyone stands.
    base::Result<void> start(base::Duration timeout);
    // What each has used since start().
    base::Result<std::vector<CpuUse>> stop(base::Duration timeout);

private:
    struct Router {
        std::string machine;
        BenchSocket socket;
    };
    base::Result<std::vector<CpuUse>> read(base::Duration timeout);

    std::vector<Router> routers_;
    std::vector<pid_t> processes_;
    std::vector<CpuUse> before_;
};

}  // namespace jetway::cli
