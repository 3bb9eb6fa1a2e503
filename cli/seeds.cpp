#include "cli/seeds.h"

#include <mutex>

#include "cli/parallel.h"

namespace jetway::cli {

namespace {

void add(SeedsTotal& total, const sim::Outcome& outcome) {
    ++total.runs;
    total.events += outcome.events;
    total.states += outcome.states;
    total.followed += outcome.followed;
    total.envelopes += outcome.sent;
    total.holds += outcome.holds;
    total.simulated += outcome.simulated;
    if (outcome.settled_after > total.slowest) {
        total.slowest = outcome.settled_after;
        total.slowest_seed = outcome.seed;
    }
    for (std::size_t i = 0; i < outcome.faults.size(); ++i) {
        total.faults[i] += outcome.faults[i];
    }
    if (!outcome.violation.empty() && (!total.failed || outcome.seed < total.failed->seed)) {
        total.failed = outcome;
    }
}

}  // namespace

SeedsTotal run_seeds(std::uint64_t first, std::uint64_t count, unsigned jobs,
                     const sim::RunOptions& options,
                     const std::function<void(std::uint64_t)>& progress) {
    SeedsTotal total;
    std::mutex total_mutex;
    in_parallel(count, jobs, [&](std::uint64_t number) {
        const sim::Outcome outcome = sim::run(first + number, options);
        const std::lock_guard lock(total_mutex);
        add(total, outcome);
        progress(total.runs);
        return outcome.violation.empty();
    });
    return total;
}

}  // namespace jetway::cli
