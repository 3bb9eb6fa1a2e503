// Readable: calls a function, in the loop, while a file descriptor has something to be read, or is
// at its end. It reads nothing.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "io/handle.h"
#include "io/loop.h"

namespace jetway::io {

class Readable {
public:
    // The descriptor is borrowed: a terminal, a pipe or a socket, and watched by nobody else in
    // this loop. Error: the system's, such as `EPERM` for a plain file, which always is readable.
    // The callback may not destroy it.
    static base::Result<std::unique_ptr<Readable>> watch(Loop& loop, int descriptor,
                                                         std::function<void()> on_readable);
    ~Readable();
    Readable(const Readable&) = delete;
    Readable& operator=(const Readable&) = delete;

    // Calls from the next turn on, or no more. It begins stopped.
    void start();
    void stop();

private:
    explicit Readable(std::function<void()> on_readable) : on_readable_(std::move(on_readable)) {}

    std::function<void()> on_readable_;
    Handle<uv_poll_s> handle_;
};

}  // namespace jetway::io
