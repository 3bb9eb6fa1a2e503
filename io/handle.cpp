#include "io/handle.h"

#include <uv.h>

#include "base/ensure.h"

namespace jetway::io {
namespace {

template <typename T>
void close_and_free(T* handle) {
    handle->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<T*>(closed); });
}

}  // namespace

void CloseHandle::operator()(uv_check_s* handle) const {
    close_and_free(handle);
}
void CloseHandle::operator()(uv_pipe_s* handle) const {
    close_and_free(handle);
}
void CloseHandle::operator()(uv_poll_s* handle) const {
    close_and_free(handle);
}
void CloseHandle::operator()(uv_prepare_s* handle) const {
    close_and_free(handle);
}
void CloseHandle::operator()(uv_process_s* handle) const {
    close_and_free(handle);
}
void CloseHandle::operator()(uv_signal_s* handle) const {
    close_and_free(handle);
}
void CloseHandle::operator()(uv_timer_s* handle) const {
    close_and_free(handle);
}

void CloseHandle::operator()(uv_stream_s* handle) const {
    switch (handle->type) {
        case UV_TCP:
            close_and_free(reinterpret_cast<uv_tcp_t*>(handle));
            return;
        case UV_NAMED_PIPE:
            close_and_free(reinterpret_cast<uv_pipe_t*>(handle));
            return;
        default:
            ensure(false, "a stream is a TCP or a Unix socket");
    }
}

}  // namespace jetway::io
