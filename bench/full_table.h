// What a router takes to learn a whole mesh from one neighbour: CPU time and memory.
#pragma once

#include <cstddef>

namespace jetway::bench {

struct FullTable {
    double milliseconds =
        0;  // of CPU time, to read a full announcement and have the routes selected
    double table_milliseconds = 0;  // to build the route table of it
    double bytes_a_machine = 0;     // its route and all that is held of it, but for its catalog
    double bytes_a_service = 0;     // its part of the catalogs
    std::size_t announced_bytes = 0;
};

// The least of `rounds`.
FullTable measure_full_table(std::size_t machines, std::size_t services, std::size_t rounds);

}  // namespace jetway::bench
