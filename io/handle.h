// Handle: how io/ owns a libuv handle. libuv keeps a handle until its close callback has run, so
// the uv struct sits on the heap under a unique_ptr whose deleter clears `data` (late callbacks
// then find nobody), calls uv_close, and frees the struct in the close callback, in a later step of
// the loop. For the classes of io/; nobody else needs it.
#pragma once

#include <memory>

struct uv_check_s;
struct uv_pipe_s;
struct uv_poll_s;
struct uv_prepare_s;
struct uv_process_s;
struct uv_signal_s;
struct uv_stream_s;
struct uv_timer_s;

namespace jetway::io {

struct CloseHandle {
    void operator()(uv_check_s* handle) const;
    void operator()(uv_pipe_s* handle) const;
    void operator()(uv_poll_s* handle) const;
    void operator()(uv_prepare_s* handle) const;
    void operator()(uv_process_s* handle) const;
    void operator()(uv_signal_s* handle) const;
    void operator()(uv_stream_s* handle) const;  // a uv_tcp_s or a uv_pipe_s
    void operator()(uv_timer_s* handle) const;
};

template <typename T>
using Handle = std::unique_ptr<T, CloseHandle>;

}  // namespace jetway::io
