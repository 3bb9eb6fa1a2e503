#include "tests/envelope/allocations.h"

#include <cstdlib>
#include <new>

namespace {
std::size_t calls = 0;
std::size_t total = 0;
}  // namespace

namespace jetway::test {
Allocations allocations() {
    return {.calls = calls, .bytes = total};
}
}  // namespace jetway::test

void* operator new(std::size_t size) {
    ++calls;
    total += size;
    if (void* at = std::malloc(size == 0 ? 1 : size)) {
        return at;
    }
    throw std::bad_alloc();
}

void operator delete(void* at) noexcept {
    std::free(at);
}
void operator delete(void* at, std::size_t) noexcept {
    std::free(at);
}
