// Counts what this program's operator new was called for.
#pragma once

#include <cstddef>

namespace jetway::test {

struct Allocations {
    std::size_t calls = 0;
    std::size_t bytes = 0;
};

// Since the start of the program.
Allocations allocations();

// What `work` allocates.
template <typename Work>
Allocations allocations_of(Work work) {
    const Allocations before = allocations();
    work();
    const Allocations after = allocations();
    return {.calls = after.calls - before.calls, .bytes = after.bytes - before.bytes};
}

}  // namespace jetway::test
