// LoopState: what the classes of io/ share about their loop. For io/ only.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "io/handle.h"
#include "io/linger.h"
#include "io/read_buffer.h"

namespace jetway::io {

struct LoopState {
    uv_loop_t uv{};
    Handle<uv_prepare_s> before_wait;
    Handle<uv_check_s> after_io;
    Handle<uv_timer_s> wake;  // ends the wait of run_once

    std::shared_ptr<std::function<void()>> turn_end;  // shared: it may replace itself
    std::uint64_t turn = 1;

    base::Instant now;
    bool now_is_stale = true;

    // Inside a timer's callback: what is due then must wait for the next turn.
    bool in_timer = false;

    ReadBuffer read_buffer;
    ReadBuffer decrypted;               // what TlsStreams read out of it
    std::vector<uv_buf_t> write_views;  // scratch of SocketStream::write
    base::Bytes record;                 // scratch of TlsStream::write

    std::size_t lookups = 0;  // uv_getaddrinfo requests that libuv still holds
    std::unordered_map<Linger*, std::unique_ptr<Linger>> lingering;
};

}  // namespace jetway::io
