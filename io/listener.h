// Listener: accepts connections at an endpoint until destroyed.
//
// TCP: SO_REUSEADDR, so that a restart needs no waiting; a port in use is EADDRINUSE.
//
// Unix socket: missing parent folders are made (0755; 0700 below $XDG_RUNTIME_DIR). A socket file
// that nobody listens on is replaced; one that somebody does is EADDRINUSE and the detail says who
// (pid, uid). Anything else at that path is left alone and is EEXIST. A path over 107 bytes is
// ENAMETOOLONG. Two starters in one folder take turns by a lock on the folder. The file has mode
// 0666: who may attach is everybody on the machine who can reach the folder; what each may do is
// for others to decide by Stream::peer_credentials. The file goes with the Listener if it is still
// the one made by it.
//
// When the system is out of files or memory, accepting pauses for 100 ms at a time: those who
// connect wait in the kernel's queue and the loop does not spin.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>

#include "base/result.h"
#include "io/endpoint.h"
#include "io/handle.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/timer.h"

namespace jetway::io {

class Listener {
public:
    // `on_accept` may destroy the Listener. Names are resolved at once (blocking: at start only).
    static base::Result<std::unique_ptr<Listener>> open(
        Loop& loop, const Endpoint& at, std::function<void(std::unique_ptr<Stream>)> on_accept);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Where it listens, port 0 resolved.
    const Endpoint& bound() const { return bound_; }
    // How often accepting had to pause, and why the last time.
    std::uint64_t pauses() const { return pauses_; }
    const base::Error& last_pause() const { return last_pause_; }

private:
    Listener(Loop& loop, int listening, Endpoint bound,
             std::function<void(std::unique_ptr<Stream>)> on_accept);
    void start();
    void accept_some();
    void pause(int error_number);

    Loop& loop_;
    int socket_;
    Endpoint bound_;
    std::function<void(std::unique_ptr<Stream>)> on_accept_;
    std::shared_ptr<bool> alive_;  // false once destroyed: on_accept may do that
    dev_t device_ = 0;             // of the socket file
    ino_t inode_ = 0;
    std::uint64_t pauses_ = 0;
    base::Error last_pause_;
    Handle<uv_poll_s> poll_;
    Timer resume_;
};

}  // namespace jetway::io
