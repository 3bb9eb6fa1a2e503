// TlsStream: a Stream inside TLS, on top of another Stream that carries its records.
//
//     handshake --done--> on_handshake(ok); then as any Stream
//         +--failed, or the stream below ended--> on_handshake(error), closed
//
// Promises: what io/stream.h says of a Stream. Closing says TLS's close_notify; an end without it
// is `truncated`, for then somebody may have cut off what was sent last (RFC 8446, section 6.1).
// Bounds: 256 KiB of records that wait to be written; 64 KiB of what TLS itself has to say to a
// peer that does not read; what came and was not taken, one read's worth.
// Left to others: timeouts.
//
// Errors: those of the stream below, `truncated`, and those of io/tls_failure.h: `certificate`,
// `tls`. With TLS 1.3 the server looks at the client's certificate when the client is done with
// its handshake: a client that is refused learns it from on_closed.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "io/loop.h"
#include "io/stream.h"
#include "io/timer.h"
#include "io/tls_context.h"

struct bio_st;
struct ssl_st;
struct x509_store_ctx_st;

namespace jetway::io {

struct RefusedCertificate;

class TlsStream final : public Stream, private StreamHandler {
public:
    struct Options {
        enum class Side { server, client };
        Side side = Side::client;
        // Client: the name that the server's certificate must have, no wildcards within a word.
        std::string expected;
        bool expected_may_be_address = false;  // then an IP address is looked for among addresses
        // Server: a client is asked for a certificate; it must show one. One that is shown is
        // always verified.
        bool asked = true;
        bool required = false;
    };
    // Exactly once, never from the constructor; may destroy the TlsStream.
    using OnHandshake = std::function<void(const base::Result<void>&)>;

    TlsStream(Loop& loop, std::unique_ptr<Stream> below, std::shared_ptr<const TlsContext> context,
              Options options, OnHandshake on_handshake);
    ~TlsStream() override;

    // "TLSv1.3"
    std::string version() const;

    void start_reading() override;
    void stop_reading() override;
    bool busy() const override { return writing_; }
    std::size_t write(std::vector<WriteChunk>&& chunks) override;
    std::size_t unfinished_bytes() const override;
    bool is_open() const override { return below_->is_open(); }
    void close() override;
    void end_with(base::Bytes last_words, base::Duration at_most) override;
    PeerCredentials peer_credentials() const override { return below_->peer_credentials(); }
    const std::string& peer_name() const override { return below_->peer_name(); }
    const std::string& local_name() const override { return below_->local_name(); }
    bool encrypted() const override { return true; }
    const std::vector<std::string>& certified() const override { return certified_; }

private:
    friend struct TlsBio;

    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override;
    void on_writable() override;
    void on_closed(const base::Error& why) override;

    static int verify(int fine, x509_store_ctx_st* store);
    void set_expectations(const Options& options);
    void handshake();
    void established();
    void refuse(const base::Error& why);
    void decrypt();
    void resume();
    void hold_input();
    void seal(base::ByteView plain);
    void encrypt(std::size_t at_most);
    void pump();
    void send_records();
    void doom(base::Error why);
    void fail(const base::Error& why);
    base::Error failure(int status);
    base::Bytes take_records();

    Loop& loop_;
    std::unique_ptr<Stream> below_;
    std::shared_ptr<const TlsContext> context_;
    ssl_st* ssl_ = nullptr;
    OnHandshake on_handshake_;  // empty once called
    std::string expected_;
    std::unique_ptr<RefusedCertificate> refused_;
    std::vector<std::string> certified_;
    std::shared_ptr<bool> alive_;

    // Reading.
    bool reading_ = false;
    base::ByteView input_;               // records that came and are not decrypted yet
    base::Bytes held_;                   // the same, kept while nobody reads
    std::optional<base::Error> ended_;   // told when reading goes on
    std::optional<base::Error> doomed_;  // told in the next turn
    Timer resume_;

    // Writing.
    bool writing_ = false;
    std::vector<WriteChunk> plain_;  // of the unfinished write
    std::size_t next_ = 0;           // the chunk that encrypting stands at, and how far in it
    std::size_t offset_ = 0;
    std::size_t left_ = 0;                  // bytes not encrypted yet
    std::size_t in_flight_ = 0;             // bytes in the records that were encrypted last
    std::shared_ptr<base::Bytes> records_;  // made, and not given to the stream below yet
};

}  // namespace jetway::io
