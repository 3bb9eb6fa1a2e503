#include "io/timer.h"

#include <uv.h>

#include <algorithm>

#include "base/ensure.h"
#include "io/loop_state.h"

namespace jetway::io {

Timer::Timer(Loop& loop, std::function<void()> callback)
    : loop_(loop), callback_(std::make_shared<std::function<void()>>(std::move(callback))) {
    auto handle = std::make_unique<uv_timer_s>();
    ensure(uv_timer_init(&loop.state().uv, handle.get()) == 0, "libuv can make a timer");
    handle->data = this;
    handle_.reset(handle.release());
}

Timer::~Timer() = default;

void Timer::set(base::Instant at) {
    if (at == at_) {
        return;
    }
    if (at == base::never) {
        cancel();
        return;
    }
    at_ = at;
    // uv_now and Instant are the same clock, so the timeout is taken to an absolute millisecond.
    const LoopState& state = loop_.state();
    const auto due = std::chrono::ceil<std::chrono::milliseconds>(at.time_since_epoch()).count();
    const auto now = static_cast<std::int64_t>(uv_now(&state.uv));
    const std::int64_t least = state.in_timer ? 1 : 0;  // libuv would run it in this same turn
    const std::int64_t timeout = std::max(due - now, least);
    ensure(
        uv_timer_start(handle_.get(), &Timer::fired, static_cast<std::uint64_t>(timeout), 0) == 0,
        "a timer that is open can be started");
}

void Timer::cancel() {
    at_ = base::never;
    uv_timer_stop(handle_.get());
}

void Timer::fired(uv_timer_s* handle) {
    auto* self = static_cast<Timer*>(handle->data);
    LoopState& state = self->loop_.state();
    self->at_ = base::never;
    const auto callback = self->callback_;
    state.in_timer = true;
    (*callback)();
    state.in_timer = false;
}

}  // namespace jetway::io
