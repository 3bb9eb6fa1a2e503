#include "io/signals.h"

#include <uv.h>

#include "base/ensure.h"
#include "io/loop_state.h"

namespace jetway::io {

Signals::Signals(Loop& loop, const std::vector<int>& numbers, std::function<void(int)> on_signal)
    : on_signal_(std::make_shared<std::function<void(int)>>(std::move(on_signal))) {
    for (const int number : numbers) {
        auto handle = std::make_unique<uv_signal_t>();
        ensure(uv_signal_init(&loop.state().uv, handle.get()) == 0, "libuv can watch signals");
        handle->data = this;
        Handle<uv_signal_s>& owned = handles_.emplace_back(handle.release());
        const int status = uv_signal_start(
            owned.get(),
            [](uv_signal_t* caught, int which) {
                if (auto* self = static_cast<Signals*>(caught->data)) {
                    const auto callback = self->on_signal_;
                    (*callback)(which);
                }
            },
            number);
        ensure(status == 0, "only signals that can be caught are asked for");
    }
}

Signals::~Signals() = default;

}  // namespace jetway::io
