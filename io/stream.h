// Stream: one connection that carries bytes both ways, whatever they travel in: a socket
// (socket_stream.h), or a layer on top of another Stream (tls_stream.h).
//
//     open --read-> handler.on_read(bytes)                     one read a turn, up to 256 KiB
//      |  --write-> busy until on_writable                     one write at a time
//      +-- peer closes, or an error --> closed, on_closed(why) once
//      +-- close(), shutdown_then_close(), ~Stream --> closed, no further call
//
// Promises: a handler may do anything to the Stream inside any of its callbacks, destroying it
// included. Reading stops nobody else: a stream that always has more gets one read a turn.
// Left to others: queues and their bounds (write takes what it is given), framing, timeouts.
//
// Errors: codes of the errno table ("ECONNRESET"), "EOF" when the peer closed, and those that the
// layers add.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace jetway::io {

// Who is at the other end of a Unix socket (SO_PEERCRED and SO_PEERGROUPS, as of its connect or
// listen). Not known for TCP.
struct PeerCredentials {
    bool known = false;
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups{};  // the supplementary ones
};

class StreamHandler {
public:
    virtual ~StreamHandler() = default;
    // `bytes` lie somewhere inside `*owner`, a buffer that the loop's streams share, and are good
    // for the length of this call. Whoever keeps a copy of `owner` keeps the bytes: the loop does
    // not write over them while a copy is held. Never empty.
    virtual void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) = 0;
    // An unfinished write is done: more can be written.
    virtual void on_writable() = 0;
    // The peer of a socket sends no more. True: what is to be written still is, and on_closed comes
    // only if that fails; the stream is read no more, and somebody must close it. False: it is
    // closed.
    virtual bool on_end() { return false; }
    // Closed by the peer or an error. Exactly once, and not after a close by us.
    virtual void on_closed(const base::Error& why) = 0;
};

using WriteChunk = base::Chunk;

class Stream {
public:
    virtual ~Stream() = default;  // as close()
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // Borrowed; must outlive the Stream or be replaced.
    void set_handler(StreamHandler* handler) { handler_ = handler; }

    // Needs a handler. While not reading, a peer that closes goes unnoticed until the next write.
    virtual void start_reading() = 0;
    virtual void stop_reading() = 0;

    // A write is unfinished.
    virtual bool busy() const = 0;
    // Writes all chunks, at once as far as the socket takes them; keeps the rest and writes it as
    // the socket allows, then calls on_writable. Returns the bytes that are done already; the
    // stream is busy if that was not all. Needs !busy(). On a closed stream the chunks are dropped
    // and 0 returned. An error is told by on_closed in a later turn, never from here.
    virtual std::size_t write(std::vector<WriteChunk>&& chunks) = 0;
    // Bytes of the unfinished write that the socket has not taken.
    virtual std::size_t unfinished_bytes() const = 0;

    virtual bool is_open() const = 0;
    // At once; an unfinished write is dropped.
    virtual void close() = 0;
    // Closed as far as this object is concerned (it may be destroyed), but the loop still writes
    // what is unfinished, then `last_words`, sends the end of the stream, discards what comes in
    // until the peer closes too (so that no reset overtakes them), and gives up `at_most` from now.
    virtual void end_with(base::Bytes last_words, base::Duration at_most) = 0;
    // The same without a word more.
    void shutdown_then_close(base::Duration at_most = std::chrono::seconds(2)) {
        end_with({}, at_most);
    }

    virtual PeerCredentials peer_credentials() const = 0;
    // "10.0.0.2:41000", or "uid 0 pid 77" for a Unix socket. Good after a close, too.
    virtual const std::string& peer_name() const = 0;
    // "10.0.0.1:9001", or the path of the listening socket, or "unix".
    virtual const std::string& local_name() const = 0;

    // Nobody between the two ends can read or change what is sent.
    virtual bool encrypted() const = 0;
    // The DNS names of the peer's certificate, which was verified; empty: it showed none.
    virtual const std::vector<std::string>& certified() const = 0;

protected:
    Stream() = default;
    StreamHandler* handler() const { return handler_; }

private:
    StreamHandler* handler_ = nullptr;
};

}  // namespace jetway::io
