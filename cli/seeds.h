// Seeds: many simulated runs, on every core, until one goes wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/run.h"

namespace jetway::cli {

struct SeedsTotal {
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    std::uint64_t states = 0;
    std::uint64_t followed = 0;
    std::uint64_t envelopes = 0;
    std::uint64_t holds = 0;
    base::Duration simulated{};
    base::Duration slowest{};  // to settle after the faults' end
    std::uint64_t slowest_seed = 0;
    std::array<std::uint64_t, sim::fault_names.size()> faults{};
    std::optional<sim::Outcome> failed;  // of the least seed that failed
};

// Runs the seeds `first` to `first + count - 1` in `jobs` threads; `progress(runs so far)` is
// called now and then, by one thread at a time. After a failure no greater seed is begun.
SeedsTotal run_seeds(std::uint64_t first, std::uint64_t count, unsigned jobs,
                     const sim::RunOptions& options,
                     const std::function<void(std::uint64_t)>& progress);

}  // namespace jetway::cli
