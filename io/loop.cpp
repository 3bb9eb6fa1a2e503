#include "io/loop.h"

#include <uv.h>

#include <chrono>
#include <csignal>

#include "base/ensure.h"
#include "io/loop_state.h"

namespace jetway::io {
namespace {

void end_turn(LoopState& state) {
    const auto callback = state.turn_end;
    if (callback) {
        (*callback)();
    }
    state.now_is_stale = true;
}

template <typename T, typename Init>
Handle<T> make_handle(LoopState& state, Init init) {
    auto handle = std::make_unique<T>();
    ensure(init(&state.uv, handle.get()) == 0, "libuv can make a handle");
    handle->data = &state;
    return Handle<T>(handle.release());
}

}  // namespace

std::uint64_t wall_clock_ms() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

Loop::Loop() : state_(std::make_unique<LoopState>()) {
    std::signal(SIGPIPE, SIG_IGN);
    LoopState& state = *state_;
    ensure(uv_loop_init(&state.uv) == 0, "the system has the files that a loop needs");
    state.before_wait = make_handle<uv_prepare_s>(state, uv_prepare_init);
    state.after_io = make_handle<uv_check_s>(state, uv_check_init);
    state.wake = make_handle<uv_timer_s>(state, uv_timer_init);
    uv_prepare_start(state.before_wait.get(), [](uv_prepare_t* handle) {
        end_turn(*static_cast<LoopState*>(handle->data));
    });
    uv_check_start(state.after_io.get(), [](uv_check_t* handle) {
        auto& current = *static_cast<LoopState*>(handle->data);
        end_turn(current);
        ++current.turn;
    });
}

Loop::~Loop() {
    LoopState& state = *state_;
    state.turn_end = nullptr;
    state.lingering.clear();
    state.before_wait.reset();
    state.after_io.reset();
    state.wake.reset();
    while (state.lookups > 0) {
        uv_run(&state.uv, UV_RUN_ONCE);
    }
    uv_run(&state.uv, UV_RUN_NOWAIT);  // takes back a stop() that nothing has run since
    uv_run(&state.uv, UV_RUN_NOWAIT);
    ensure(uv_loop_close(&state.uv) == 0, "everything made with a loop is gone before the loop");
}

base::Instant Loop::now() const {
    LoopState& state = *state_;
    if (state.now_is_stale) {
        state.now = fresh_now();
        state.now_is_stale = false;
    }
    return state.now;
}

base::Duration Loop::since_now() const {
    const base::Instant began = now();
    return fresh_now() - began;
}

base::Instant Loop::fresh_now() const {
    return base::Instant(base::Duration(static_cast<std::int64_t>(uv_hrtime())));
}

void Loop::update() {
    state_->now_is_stale = true;
}

void Loop::run() {
    uv_run(&state_->uv, UV_RUN_DEFAULT);
}

void Loop::run_once(base::Duration at_most) {
    LoopState& state = *state_;
    if (at_most <= base::Duration::zero()) {
        uv_run(&state.uv, UV_RUN_NOWAIT);
    } else {
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
        uv_update_time(&state.uv);
        uv_timer_start(
            state.wake.get(), [](uv_timer_t*) {}, static_cast<std::uint64_t>(ms), 0);
        uv_run(&state.uv, UV_RUN_ONCE);
        uv_timer_stop(state.wake.get());
    }
    // libuv runs timers last in such a turn.
    end_turn(state);
}

void Loop::stop() {
    uv_stop(&state_->uv);
}

void Loop::on_turn_end(std::function<void()> callback) {
    state_->turn_end =
        callback ? std::make_shared<std::function<void()>>(std::move(callback)) : nullptr;
}

std::size_t Loop::lingering() const {
    return state_->lingering.size();
}

bool Loop::looking_up() const {
    return state_->lookups > 0;
}

}  // namespace jetway::io
