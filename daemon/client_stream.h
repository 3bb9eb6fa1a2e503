// ClientStream: the stream of a client that is answered (9P, HTTP, the debug terminal): one write
// at a time, read only while its session wants more, and watched: who takes not a byte of an answer
// for `stalled` has stopped reading.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/time.h"
#include "io/stream.h"
#include "router/arrival.h"

namespace jetway::daemon {

// Who is at the other end of a stream, as the kernel and TLS say.
router::Arrival arrival_of(router::Entry by, const io::Stream& stream);

// Of a client of `/svc` or of the HTTP listener, for the rights to change the router: at a Unix
// socket its user decides; of any other the listener says whether it may (`write: true`).
router::Arrival arrival_of_client(const io::Stream& stream, bool write);

class ClientStream {
public:
    // Reads from the start. `handler` is borrowed, and outlives this.
    ClientStream(std::unique_ptr<io::Stream> stream, io::StreamHandler& handler,
                 base::Duration stalled);

    const io::Stream& get() const { return *stream_; }
    bool is_open() const { return stream_->is_open(); }
    bool busy() const { return stream_->busy(); }
    bool writable() const { return stream_->is_open() && !stream_->busy(); }

    // Needs writable(). Nothing is done about no bytes.
    void write(base::Bytes bytes, base::Instant now);
    void read_while(bool wanted);

    // When to ask whether it is stalled: `never` while nothing is being written.
    base::Instant deadline() const { return busy() ? moved_ + stalled_ : base::never; }
    // No byte of the write has gone for as long as is allowed.
    bool is_stalled(base::Instant now);

    // What is written still goes out.
    void end() { stream_->shutdown_then_close(); }
    void close() { stream_->close(); }

private:
    std::unique_ptr<io::Stream> stream_;
    base::Duration stalled_;
    bool reading_ = true;
    std::size_t left_ = 0;  // of the write, when it was last looked at
    base::Instant moved_{};
};

}  // namespace jetway::daemon
