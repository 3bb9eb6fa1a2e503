#include "cli/seeds.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace jetway::cli {

namespace {

void add(SeedsTotal& total, const sim::Outcome& outcome) {
    ++total.runs;
    total.events += outcome.events;
    total.states += outcome.states;
    total.followed += outcome.followed;
    total.envelopes += outcome.sent;
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
    std::atomic<std::uint64_t> next = 0;
    std::atomic<bool> failed = false;
    const auto work = [&] {
        while (!failed) {
            const std::uint64_t mine = next++;
            if (mine >= count) {
                return;
            }
            const sim::Outcome outcome = sim::run(first + mine, options);
            const std::lock_guard lock(total_mutex);
            add(total, outcome);
            failed = failed || !outcome.violation.empty();
            progress(total.runs);
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < jobs; ++i) {
        threads.emplace_back(work);
    }
    work();
    for (std::thread& thread : threads) {
        thread.join();
    }
    return total;
}

}  // namespace jetway::cli
