// A number of independent pieces of work, on every core.
#pragma once

#include <cstdint>
#include <functional>

namespace jetway::cli {

// As many threads as there are cores; at least 1.
unsigned core_count();

// Calls work(0) … work(count - 1) from `jobs` threads, each once and begun in that order. After one
// has returned false no other is begun; those under way are finished. Returns when all is done.
void in_parallel(std::uint64_t count, unsigned jobs,
                 const std::function<bool(std::uint64_t)>& work);

}  // namespace jetway::cli
