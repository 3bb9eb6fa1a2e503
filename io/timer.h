// Timer: calls a function at an instant. Never early, and up to about a millisecond late, since
// that is libuv's grain. An instant in the past fires in the next turn, so a timer that keeps
// setting itself to the past slows nobody else down.
//
// The callback may set or cancel this timer, and may destroy it.
#pragma once

#include <functional>

#include "base/time.h"
#include "io/handle.h"
#include "io/loop.h"

namespace jetway::io {

class Timer {
public:
    Timer(Loop& loop, std::function<void()> callback);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Replaces what was set before. Setting it to the instant it is set to costs nothing;
    // base::never cancels.
    void set(base::Instant at);
    void cancel();
    bool is_set() const { return at_ != base::never; }

private:
    static void fired(uv_timer_s* handle);

    Loop& loop_;
    std::shared_ptr<std::function<void()>> callback_;  // survives a timer destroyed in its callback
    base::Instant at_ = base::never;
    Handle<uv_timer_s> handle_;
};

}  // namespace jetway::io
