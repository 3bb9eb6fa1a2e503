// ensure: a condition that only a bug of ours can break. On in every build, never on what came off
// the wire: a peer's mistake closes that peer, our own mistake closes us.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace jetway::base {

[[noreturn]] inline void ensure_failed(const char* sentence, const char* file, int line) {
    std::fprintf(stderr, "jetway: broken promise: %s (%s:%d)\n", sentence, file, line);
    std::abort();
}

}  // namespace jetway::base

#define ensure(condition, sentence)     \
    ((condition) ? static_cast<void>(0) \
                 : ::jetway::base::ensure_failed(sentence, __FILE__, __LINE__))
