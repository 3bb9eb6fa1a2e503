#include "io/linger.h"

#include <uv.h>

#include <array>

#include "io/loop_state.h"

namespace jetway::io {

void Linger::start(Loop& loop, Handle<uv_stream_s> stream, base::Duration at_most) {
    auto linger = std::make_unique<Linger>(loop, std::move(stream));
    if (linger->begin(loop.now() + at_most)) {
        Linger* key = linger.get();
        loop.state().lingering.emplace(key, std::move(linger));
    }
}

Linger::Linger(Loop& loop, Handle<uv_stream_s> stream)
    : loop_(loop), stream_(std::move(stream)), deadline_(loop, [this] { finish(); }) {}

bool Linger::begin(base::Instant deadline) {
    stream_->data = this;
    auto request = std::make_unique<uv_shutdown_t>();
    const int status = uv_shutdown(request.get(), stream_.get(), [](uv_shutdown_t* done, int how) {
        auto* self = static_cast<Linger*>(done->handle->data);
        delete done;
        if (self != nullptr && how < 0) {
            self->finish();
        }
    });
    if (status < 0) {
        return false;
    }
    static_cast<void>(request.release());

    const auto discard = [](uv_handle_t*, std::size_t, uv_buf_t* into) {
        static std::array<char, 16384> nowhere;
        *into = uv_buf_init(nowhere.data(), nowhere.size());
    };
    const int reading = uv_read_start(stream_.get(), discard,
                                      [](uv_stream_t* stream, ssize_t got, const uv_buf_t*) {
                                          auto* self = static_cast<Linger*>(stream->data);
                                          if (self != nullptr && got < 0) {
                                              self->finish();
                                          }
                                      });
    deadline_.set(deadline);
    return reading == 0;
}

void Linger::finish() {
    loop_.state().lingering.erase(this);
}

}  // namespace jetway::io
