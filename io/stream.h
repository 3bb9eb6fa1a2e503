// Stream: one connection, TCP or Unix socket, as Listener and Dialler hand it out.
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
// TCP: no delay, and the kernel's own buffer sizes. Unix sockets: 1 MiB buffers where the system
// allows. Errors: codes of the errno table ("ECONNRESET"), and "EOF" when the peer closed.
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
#include "io/endpoint.h"
#include "io/handle.h"
#include "io/loop.h"

namespace jetway::io {

// Who is at the other end of a Unix socket (SO_PEERCRED, as of its connect or listen). Not known
// for TCP.
struct PeerCredentials {
    bool known = false;
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
};

class StreamHandler {
public:
    virtual ~StreamHandler() = default;
    // `bytes` lie somewhere inside `*owner`, the loop's shared read buffer, and are good for the
    // length of this call. Whoever keeps a copy of `owner` keeps the bytes: the loop does not write
    // over them while a copy is held. Never empty.
    virtual void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) = 0;
    // An unfinished write is done: more can be written.
    virtual void on_writable() = 0;
    // Closed by the peer or an error. Exactly once, and not after a close by us.
    virtual void on_closed(const base::Error& why) = 0;
};

using WriteChunk = base::Chunk;

class Stream {
public:
    ~Stream();  // as close()
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // Borrowed; must outlive the Stream or be replaced.
    void set_handler(StreamHandler* handler) { handler_ = handler; }

    // Needs a handler. While not reading, a peer that closes goes unnoticed until the next write.
    void start_reading();
    void stop_reading();

    // A write is unfinished.
    bool busy() const { return unfinished_ != nullptr; }
    // Writes all chunks with one gathered system call if the socket takes them; keeps the rest
    // and writes it as the socket allows, then calls on_writable. Returns the bytes that are done
    // already; the stream is busy if that was not all. Needs !busy(). On a closed stream the chunks
    // are dropped and 0 returned. An error is told by on_closed in a later turn, never from here.
    std::size_t write(std::vector<WriteChunk>&& chunks);
    // Bytes of the unfinished write that the socket has not taken.
    std::size_t unfinished_bytes() const;

    bool is_open() const { return handle_ != nullptr; }
    // At once; an unfinished write is dropped.
    void close();
    // Closed as far as this object is concerned (it may be destroyed), but the loop still writes
    // what is unfinished, sends the end of the stream, discards what comes in until the peer closes
    // too (so that no reset overtakes our last words), and gives up `at_most` from now.
    void shutdown_then_close(base::Duration at_most = std::chrono::seconds(2));

    PeerCredentials peer_credentials() const { return credentials_; }
    // "10.0.0.2:41000", or "uid 0 pid 77" for a Unix socket. Good after a close, too.
    const std::string& peer_name() const { return peer_name_; }
    // "10.0.0.1:9001", or the path of the listening socket, or "unix".
    const std::string& local_name() const { return local_name_; }

    // For io/ only: takes over a connected handle or socket.
    static std::unique_ptr<Stream> adopt(Loop& loop, Handle<uv_stream_s> connected,
                                         Endpoint::Kind kind);
    static base::Result<std::unique_ptr<Stream>> adopt(Loop& loop, int connected,
                                                       Endpoint::Kind kind);

private:
    struct WriteRequest;

    Stream(Loop& loop, Handle<uv_stream_s> handle, Endpoint::Kind kind);
    void fail(int uv_status, const char* doing);
    void forget_write();

    Loop& loop_;
    Handle<uv_stream_s> handle_;
    StreamHandler* handler_ = nullptr;
    WriteRequest* unfinished_ = nullptr;  // owned by libuv until its callback
    std::uint64_t last_read_turn_ = 0;
    PeerCredentials credentials_;
    std::string peer_name_;
    std::string local_name_;
};

}  // namespace jetway::io
