// Client: a service's connection to its router, over whatever a Target says.
//
//     connecting --connected--> greeting --the router's HELLO--> open
//          |                        |                              |
//          +------------------------+------------------------------+--> closed, why_closed() says
//          why
//
// What is sent in one turn of the loop leaves in one write. PING is answered here. Refusals and
// answers to request() reach whoever asked; every other envelope goes to on_envelope.
//
// Promises: every wait has a deadline, and what is queued, asked or held is bounded: send() refuses
// instead (`overloaded`, `too-large`, `closed`). Nothing is sent again: an envelope sent when the
// connection breaks may be lost, and a request is then answered `closed`.
// Left to others: connecting again; heeding held().
//
// Error codes: those of docs/protocol.md as the router gave them in an error envelope or GOODBYE;
// `timeout`, `closed` (not open, or ended without GOODBYE), `bad-frame`, `certificate` (refused
// here or there); and before `open` those of
// transport/dialler.h.
//
// A Client may be closed inside its callbacks, not destroyed. The functions under "blocking" run
// the loop and must not be called from a callback.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/endpoint.h"
#include "client/questions.h"
#include "client/runtime.h"
#include "envelope/envelope.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "transport/dialler.h"

namespace jetway::client {

struct Options {
    std::vector<envelope::ServiceEntry> services;        // may be empty: a client that only asks
    std::string token;                                   // where the terminal asks for one
    base::Duration timeout = std::chrono::seconds(5);    // to connect and be greeted
    std::size_t queue = std::size_t{8} << 20U;           // bytes that the socket has not taken yet
    std::uint32_t max_frame = std::uint32_t{16} << 20U;  // of what is received
    std::shared_ptr<const io::TlsContext> tls;           // for tls:// and wss://
    std::string tls_name;           // that the router's certificate must have; empty: the host
    std::size_t requests = 65'536;  // unanswered ones at once
};

// An answer that outlives its frame. `headers` and `data` are raw msgpack, empty: not there.
struct Answer {
    std::string source;
    base::Bytes headers;
    base::Bytes data;
};

class Client final : private io::StreamHandler, private TurnEnd {
public:
    enum class State { connecting, greeting, open, closed };

    using OnEnvelope = std::function<void(const envelope::EnvelopeView&)>;
    using OnAnswer = client::OnAnswer;

    // Begins to connect.
    Client(Runtime& runtime, const transport::Target& router, Options options);
    ~Client() override;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    State state() const { return state_; }
    bool is_open() const { return state_ == State::open; }
    const base::Error& why_closed() const { return why_closed_; }
    const std::string& address() const { return address_; }  // `client-…@machine`, once open
    const std::string& machine_id() const {
        return machine_id_;
    }  // the router's machine, once open
    Runtime& runtime() { return runtime_; }

    void on_open(std::function<void()> callback) { on_open_ = std::move(callback); }
    void on_envelope(OnEnvelope callback) { on_envelope_ = std::move(callback); }
    // Not after close().
    void on_closed(std::function<void(const base::Error&)> callback) {
        on_closed_ = std::move(callback);
    }
    // All that was sent has left, or a hold has ended: there is room to send more.
    void on_room(std::function<void()> callback) { on_room_ = std::move(callback); }

    // Of the frame whose envelope on_envelope or an OnAnswer is being called with (envelope::flag):
    // `possible_duplicate` on what may have come before.
    std::uint8_t flags() const { return flags_; }

    base::Result<void> send(const envelope::EnvelopeFields& fields);
    // Sends with a fresh `id`, and this connection as `replyTo`; `on_answer` is called before
    // `deadline`, or then with `timeout`. Returns the id. Of `flags` a router heeds TRACE.
    base::Result<std::uint64_t> ask(envelope::EnvelopeFields fields, base::Instant deadline,
                                    OnAnswer on_answer, std::uint8_t flags = 0);
    void forget(std::uint64_t id) { questions_.forget(id); }

    // Refusals come as error envelopes without `inReplyTo`.
    base::Result<void> attach(const std::vector<envelope::ServiceEntry>& services);
    base::Result<void> detach(const std::vector<std::string>& names);

    // Sends a PING, which the router answers after all that was sent before it; returns its number.
    base::Result<std::uint64_t> ping();
    std::uint64_t answered_pings() const { return answered_pings_; }

    // The router asked that nothing more be sent to that destination for now.
    bool held(std::string_view destination) const { return held_.find(destination) != held_.end(); }

    std::size_t queued() const;  // bytes that the socket has not taken yet
    std::size_t unanswered() const { return questions_.size(); }
    std::uint64_t skipped() const { return skipped_; }  // frames and envelopes of no meaning here

    // Sends what is gathered and ends the connection; requests are answered `closed`.
    void close();

    // Blocking.

    // Open, or the reason why not.
    static base::Result<std::unique_ptr<Client>> connect(Runtime& runtime,
                                                         const transport::Target& router,
                                                         Options options);
    base::Result<Answer> request(const envelope::EnvelopeFields& fields, base::Duration timeout);
    // Until the router has read all that was sent. What it refused at once has come by then.
    base::Result<void> settle(base::Duration timeout);

private:
    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) override;
    void on_writable() override;
    void on_closed(const base::Error& why) override;
    void on_turn_end() override;

    void on_connected(base::Result<std::unique_ptr<io::Stream>> result);
    void on_frame(const envelope::Frame& frame);
    void on_hello(base::ByteView body);
    void on_envelope_frame(base::ByteView body);
    void on_hold(base::ByteView body, bool hold);
    void on_pong(base::ByteView body);
    void on_deadline();

    base::Result<void> queue_frame(envelope::Kind kind, base::ByteView body,
                                   std::uint8_t flags = 0);
    void gather(envelope::Kind kind, base::ByteView body, std::uint8_t flags = 0);
    void flush();
    void fail(base::Error why);

    Runtime& runtime_;
    Options options_;
    State state_ = State::connecting;
    base::Error why_closed_;
    std::string address_;
    std::string machine_id_;
    std::uint32_t peer_max_frame_ = std::uint32_t{16} << 20U;

    std::function<void()> on_open_;
    OnEnvelope on_envelope_;
    std::function<void(const base::Error&)> on_closed_;
    std::function<void()> on_room_;

    envelope::FrameReader reader_;
    std::shared_ptr<base::Bytes> gathered_;
    base::Bytes body_;  // of the envelope being made; kept for its room
    bool at_turn_end_ = false;

    Questions questions_;
    std::uint64_t pings_ = 0;
    std::uint64_t answered_pings_ = 0;
    std::set<std::string, std::less<>> held_;
    std::uint64_t skipped_ = 0;
    std::uint8_t flags_ = 0;

    io::Timer deadline_;
    std::unique_ptr<io::Stream> stream_;
    std::unique_ptr<transport::Dialler> dialler_;  // last: gone before what its callback touches
};

}  // namespace jetway::client
