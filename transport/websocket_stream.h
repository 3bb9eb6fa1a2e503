// WebSocketStream: a Stream of frames inside an established WebSocket (RFC 6455), over another
// Stream. It joins terminal/websocket.h, which knows the protocol, to that Stream's callbacks.
//
//     read     bytes below --WebSocket--> frames, over the beginning of the same buffer
//     write    frames --messages--> below, with what the WebSocket has to say before them
//     ending   Close is said, then the stream below is ended; the peer's Close is answered first
//
// The contract is io/stream.h's. Whoever writes must write whole frames. Errors, besides those of
// the stream below: `websocket`, the peer broke the protocol.
#pragma once

#include <memory>
#include <optional>

#include "io/loop.h"
#include "io/stream.h"
#include "io/timer.h"
#include "terminal/websocket.h"

namespace jetway::transport {

class WebSocketStream final : public io::Stream, private io::StreamHandler {
public:
    // `early`: bytes that came behind the upgrade; they are read first.
    WebSocketStream(io::Loop& loop, std::unique_ptr<io::Stream> below,
                    const terminal::WebSocket::Options& options, base::Random random,
                    base::Bytes early);
    ~WebSocketStream() override;

    void start_reading() override;
    void stop_reading() override;
    bool busy() const override { return below_->busy(); }
    std::size_t write(std::vector<io::WriteChunk>&& chunks) override;
    std::size_t unfinished_bytes() const override { return below_->unfinished_bytes(); }
    bool is_open() const override { return below_->is_open(); }
    void close() override;
    void end_with(base::Bytes last_words, base::Duration at_most) override;
    io::PeerCredentials peer_credentials() const override { return below_->peer_credentials(); }
    const std::string& peer_name() const override { return below_->peer_name(); }
    const std::string& local_name() const override { return below_->local_name(); }
    bool encrypted() const override { return below_->encrypted(); }
    const std::vector<std::string>& certified() const override { return below_->certified(); }

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override;
    void on_writable() override;
    void on_closed(const base::Error& why) override;
    void flush();

    std::unique_ptr<io::Stream> below_;
    terminal::WebSocket socket_;
    bool ended_by_us_ = false;
    std::shared_ptr<base::Bytes> early_;    // null once read
    std::optional<io::Timer> early_timer_;  // calls back from the loop when there are such bytes
    std::shared_ptr<bool> alive_;           // false once destroyed: a handler may do that
};

}  // namespace jetway::transport
