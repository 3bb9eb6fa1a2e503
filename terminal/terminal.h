// Terminal: one connection point of a router as a state machine. No sockets: the shell hands in the
// bytes that came and writes out what is queued.
//
//   opened ──peer's HELLO──► greeted ──accept()──► up ──close() / fault / silence──► closing
//     └──────── no HELLO in time, a fault, GOODBYE ─────────────────────────────────────┘
//
// It promises: nothing but HELLO or GOODBYE is let through before the peer's HELLO, and no second
// HELLO; PING is answered; a fault of the peer ends in the GOODBYE that docs/protocol.md names; a
// queue never grows beyond its bound. It leaves to the router: whether a HELLO is welcome, and what
// every other frame means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "terminal/options.h"
#include "terminal/output_queue.h"
#include "terminal/round_trip.h"
#include "terminal/session.h"

namespace jetway::terminal {

using TerminalId = std::uint32_t;  // the router's name for a terminal; never 0

enum class Type { local, network, loopback };
enum class State { opened, greeted, up, closing };

std::string_view type_name(Type type);
std::string_view state_name(State state);

struct Counters {
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t refused = 0;  // envelopes that came from here and were refused
    std::uint64_t pongs = 0;
    std::uint64_t skipped = 0;  // frames of an unknown kind, or one not for that role
};

// What a terminal lets through. Views are valid during the call.
class Receiver {
public:
    virtual ~Receiver() = default;
    // The peer's HELLO, checked for its form. Answer with accept(), hold() or close().
    virtual void on_hello(TerminalId from, envelope::Hello hello) = 0;
    // A frame of an up terminal: ENVELOPE; ANNOUNCE, ACK, HOLD and RESUME from a router; ATTACH and
    // DETACH from a service.
    virtual void on_frame(TerminalId from, const envelope::Frame& frame) = 0;
    // The peer said GOODBYE.
    virtual void on_goodbye(TerminalId from, const envelope::Goodbye& goodbye) = 0;
};

class Terminal {
public:
    struct Spec {
        TerminalId id = 0;
        std::string name;
        Type type = Type::local;
        bool dialled = false;      // by us; else the peer dialled
        std::string peer_address;  // for the reader of tables and logs
    };

    // `now` starts the time that the peer has for its HELLO. `options` outlives the terminal.
    Terminal(const Options& options, Spec spec, base::Instant now);

    // The next bytes of the stream, cut anywhere; `owner` as FrameReader::feed has it.
    void on_bytes(base::ByteView bytes, const std::shared_ptr<base::Bytes>* owner,
                  base::Instant now, Receiver& receiver);

    // Sends our HELLO: the dialler's first frame, the listener's answer.
    void say_hello(const envelope::Hello& ours, base::Instant now);

    // The router welcomes the peer's HELLO.
    void accept(std::string name, const envelope::Hello& theirs);

    // Queues an ENVELOPE frame if the bound allows it; into an empty queue goes a frame of any
    // length. `session`: that of a link, which keeps it. False: the queue is full, or the terminal
    // isn't up.
    bool send(const envelope::Header& header, base::ByteView body,
              const std::shared_ptr<base::Bytes>* owner, base::Instant now,
              Session* session = nullptr);

    // This connection carries a link on: queues what the peer, which has received `count` frames,
    // lacks.
    void carry_on(Session& session, std::uint64_t count, base::Instant now);

    // Queues a frame that isn't an ENVELOPE: it may take the queue to twice its bound; past that
    // the terminal closes itself as `overloaded`, for its peer isn't reading.
    void send_control(envelope::Kind kind, base::ByteView body, base::Instant now);

    // Queues GOODBYE; nothing is read from the peer or sent to it after that.
    void close(std::string_view code, std::string_view message);

    // Sends the PING, or ends the terminal, that is due at `now`.
    void on_deadline(base::Instant now);
    // When on_deadline has something to do, at the earliest.
    base::Instant deadline() const;

    // Sends a PING now, so that a living peer is heard of soon. Its value is a number that the PONG
    // tells the round trip by; nil while an earlier one is unanswered.
    void probe(base::Instant now);

    // We were not there to hear the peer: its silence until now doesn't count.
    void excuse(base::Instant now);

    TerminalId id() const { return spec_.id; }
    const std::string& name() const { return spec_.name; }
    Type type() const { return spec_.type; }
    State state() const { return state_; }
    bool up() const { return state_ == State::up; }
    bool dialled() const { return spec_.dialled; }
    bool is_router() const { return role_ == envelope::Role::router; }
    const std::string& peer_address() const { return spec_.peer_address; }
    const std::string& peer_machine() const { return peer_machine_; }  // of a router
    std::uint64_t peer_incarnation() const { return peer_incarnation_; }
    base::Instant last_heard() const { return last_heard_; }
    const RoundTrip& round_trip() const { return round_trip_; }
    const std::string& closing_code() const { return closing_code_; }
    const std::string& closing_message() const { return closing_message_; }
    OutputQueue& output() { return output_; }
    const OutputQueue& output() const { return output_; }
    Counters& counters() { return counters_; }
    const Counters& counters() const { return counters_; }

private:
    bool on_frame(const envelope::Frame& frame, base::Instant now, Receiver& receiver);
    bool on_first_frame(const envelope::Frame& frame, Receiver& receiver);
    bool wants(envelope::Kind kind) const;
    void on_pong(base::ByteView value, base::Instant now);

    const Options* options_;
    Spec spec_;
    State state_ = State::opened;
    envelope::Role role_ = envelope::Role::service;
    envelope::FrameReader reader_;
    OutputQueue output_;
    Counters counters_;
    base::Instant opened_at_;
    base::Instant last_heard_;
    base::Instant last_sent_;
    base::Instant pinged_at_;
    base::Instant measured_from_ = base::never;  // when the PING that measures went; never: none
    std::uint8_t measure_ = 0;                   // its value
    RoundTrip round_trip_;
    base::Instant frame_since_ = base::never;  // when the frame that isn't whole began; never: none
    std::string peer_machine_;
    std::uint64_t peer_incarnation_ = 0;
    std::string closing_code_;
    std::string closing_message_;
};

}  // namespace jetway::terminal
