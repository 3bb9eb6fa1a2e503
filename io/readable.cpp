#include "io/readable.h"

#include <uv.h>

#include "base/ensure.h"
#include "io/loop_state.h"
#include "io/uv_error.h"

namespace jetway::io {

base::Result<std::unique_ptr<Readable>> Readable::watch(Loop& loop, int descriptor,
                                                        std::function<void()> on_readable) {
    std::unique_ptr<Readable> made(new Readable(std::move(on_readable)));
    auto poll = std::make_unique<uv_poll_t>();
    if (const int status = uv_poll_init(&loop.state().uv, poll.get(), descriptor); status < 0) {
        return uv_error(status, "can't watch descriptor " + std::to_string(descriptor));
    }
    poll->data = made.get();
    made->handle_.reset(poll.release());
    return made;
}

Readable::~Readable() = default;

void Readable::start() {
    const auto ready = [](uv_poll_t* poll, int /*status*/, int /*events*/) {
        if (auto* self = static_cast<Readable*>(poll->data)) {
            self->on_readable_();  // an error, too: a read tells it
        }
    };
    const int status = uv_poll_start(handle_.get(), UV_READABLE | UV_DISCONNECT, ready);
    ensure(status == 0, "a descriptor that is watched can be polled");
}

void Readable::stop() {
    uv_poll_stop(handle_.get());
}

}  // namespace jetway::io
