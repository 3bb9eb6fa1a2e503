// One target as libFuzzer calls it. JETWAY_FUZZ_TARGET names it.
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    jetway::fuzz::JETWAY_FUZZ_TARGET({data, size});
    return 0;
}
