#include "cli/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace jetway::cli {

unsigned core_count() {
    return std::max(1U, std::thread::hardware_concurrency());
}

void in_parallel(std::uint64_t count, unsigned jobs,
                 const std::function<bool(std::uint64_t)>& work) {
    std::atomic<std::uint64_t> next = 0;
    std::atomic<bool> stopped = false;
    const auto loop = [&] {
        while (!stopped) {
            const std::uint64_t mine = next++;
            if (mine >= count) {
                return;
            }
            if (!work(mine)) {
                stopped = true;
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < jobs; ++i) {
        threads.emplace_back(loop);
    }
    loop();
    for (std::thread& thread : threads) {
        thread.join();
    }
}

}  // namespace jetway::cli
