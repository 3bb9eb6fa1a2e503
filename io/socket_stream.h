// SocketStream: a Stream that is a socket, TCP or Unix, as Listener and Dialler hand it out.
//
// TCP: no delay, and the kernel's own buffer sizes. Unix sockets: 1 MiB buffers where the system
// allows. A write is one gathered system call if the socket takes it whole. For the classes of io/:
// everybody else has it as a Stream.
#pragma once

#include "io/endpoint.h"
#include "io/handle.h"
#include "io/loop.h"
#include "io/stream.h"

namespace jetway::io {

class SocketStream final : public Stream {
public:
    // Takes over a connected handle or socket.
    static std::unique_ptr<Stream> adopt(Loop& loop, Handle<uv_stream_s> connected,
                                         Endpoint::Kind kind);
    static base::Result<std::unique_ptr<Stream>> adopt(Loop& loop, int connected,
                                                       Endpoint::Kind kind);
    ~SocketStream() override;

    void start_reading() override;
    void stop_reading() override;
    bool busy() const override { return unfinished_ != nullptr; }
    std::size_t write(std::vector<WriteChunk>&& chunks) override;
    std::size_t unfinished_bytes() const override;
    bool is_open() const override { return handle_ != nullptr; }
    void close() override;
    void end_with(base::Bytes last_words, base::Duration at_most) override;
    PeerCredentials peer_credentials() const override { return credentials_; }
    const std::string& peer_name() const override { return peer_name_; }
    const std::string& local_name() const override { return local_name_; }
    bool encrypted() const override { return false; }
    const std::vector<std::string>& certified() const override { return nobody_; }

private:
    struct WriteRequest;

    SocketStream(Loop& loop, Handle<uv_stream_s> handle, Endpoint::Kind kind);
    void fail(int uv_status, const char* doing);
    void forget_write();

    Loop& loop_;
    Handle<uv_stream_s> handle_;
    WriteRequest* unfinished_ = nullptr;  // owned by libuv until its callback
    std::uint64_t last_read_turn_ = 0;
    PeerCredentials credentials_;
    std::string peer_name_;
    std::string local_name_;
    std::vector<std::string> nobody_;
};

}  // namespace jetway::io
