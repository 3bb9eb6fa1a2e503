#include "io/linger.h"

#include <uv.h>

#include <array>

#include "io/loop_state.h"

namespace jetway::io {

void Linger::start(Loop& loop, Handle<uv_stream_s> stream, base::Bytes last_words,
                   base::Duration at_most) {
    auto linger = std::make_unique<Linger>(loop, std::move(stream));
    if (linger->begin(std::move(last_words), loop.now() + at_most)) {
        Linger* key = linger.get();
        loop.state().lingering.emplace(key, std::move(linger));
    }
}

Linger::Linger(Loop& loop, Handle<uv_stream_s> stream)
    : loop_(loop), stream_(std::move(stream)), deadline_(loop, [this] { finish(); }) {}

// Behind an unfinished write; an error of it is told by the shutdown that follows.
void Linger::write(base::Bytes last_words) {
    struct Request {
        uv_write_t uv{};
        base::Bytes bytes;
    };
    auto request = std::make_unique<Request>();
    request->bytes = std::move(last_words);
    request->uv.data = request.get();
    const uv_buf_t view = uv_buf_init(reinterpret_cast<char*>(request->bytes.data()),
                                      static_cast<unsigned>(request->bytes.size()));
    const int status = uv_write(&request->uv, stream_.get(), &view, 1, [](uv_write_t* done, int) {
        delete static_cast<Request*>(done->data);
    });
    if (status == 0) {
        static_cast<void>(request.release());
    }
}

bool Linger::begin(base::Bytes last_words, base::Instant deadline) {
    stream_->data = this;
    if (!last_words.empty()) {
        write(std::move(last_words));
    }
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

    const auto discard = [](uv_handle_t* handle, std::size_t, uv_buf_t* into) {
        static std::array<char, 16384> nowhere;
        auto* self = static_cast<Linger*>(handle->data);
        if (self == nullptr || self->last_read_turn_ == self->loop_.state().turn) {
            *into = uv_buf_init(nullptr, 0);  // enough for this turn
            return;
        }
        self->last_read_turn_ = self->loop_.state().turn;
        *into = uv_buf_init(nowhere.data(), nowhere.size());
    };
    const int reading = uv_read_start(stream_.get(), discard,
                                      [](uv_stream_t* stream, ssize_t got, const uv_buf_t*) {
                                          auto* self = static_cast<Linger*>(stream->data);
                                          if (self != nullptr && got < 0 && got != UV_ENOBUFS) {
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
