#include "terminal/terminal.h"

#include <algorithm>

#include "base/ensure.h"

namespace jetway::terminal {

using envelope::Frame;
using envelope::Kind;

std::string_view type_name(Type type) {
    switch (type) {
        case Type::local:
            return "local";
        case Type::network:
            return "network";
        default:
            return "loopback";
    }
}

std::string_view state_name(State state) {
    switch (state) {
        case State::opened:
            return "opened";
        case State::greeted:
            return "greeted";
        case State::up:
            return "up";
        default:
            return "closing";
    }
}

Terminal::Terminal(const Options& options, Spec spec, base::Instant now)
    : options_(&options),
      spec_(std::move(spec)),
      reader_(options.max_frame),
      opened_at_(now),
      last_heard_(now),
      last_sent_(now),
      pinged_at_(now) {}

void Terminal::on_bytes(base::ByteView bytes, const std::shared_ptr<base::Bytes>* owner,
                        base::Instant now, Receiver& receiver) {
    if (state_ == State::closing) {
        return;
    }
    last_heard_ = now;
    counters_.bytes_in += bytes.size();
    const std::uint64_t frames = counters_.frames_in;
    const envelope::FrameFault fault = reader_.feed(
        bytes, owner, [&](const Frame& frame) { return on_frame(frame, now, receiver); });
    if (reader_.held() == 0) {
        frame_since_ = base::never;
    } else if (frame_since_ == base::never || counters_.frames_in != frames) {
        frame_since_ = now;
    }
    if (fault == envelope::FrameFault::too_large) {
        close("too-large", "a frame is at most " + std::to_string(options_->max_frame) +
                               " bytes long (limits.max_frame)");
    } else if (fault == envelope::FrameFault::broken) {
        close("bad-frame", "a frame has a length of at least 5, a pin within it, and a body");
    }
}

bool Terminal::on_frame(const Frame& frame, base::Instant now, Receiver& receiver) {
    ++counters_.frames_in;
    if (frame.kind == Kind::goodbye) {
        const envelope::Goodbye goodbye = envelope::read_goodbye(frame.body);
        state_ = State::closing;
        closing_code_ = goodbye.code;
        closing_message_ = goodbye.message;
        receiver.on_goodbye(spec_.id, goodbye);
        return false;
    }
    if (state_ == State::opened) {
        return on_first_frame(frame, receiver);
    }
    if (frame.kind == Kind::hello) {
        close("bad-frame", "a second HELLO");
        return false;
    }
    if (state_ == State::greeted) {
        close("bad-frame", "only HELLO or GOODBYE before the answer to HELLO");
        return false;
    }
    if (frame.kind == Kind::ping) {
        send_control(Kind::pong, frame.body, now);
    } else if (wants(frame.kind)) {
        receiver.on_frame(spec_.id, frame);
    } else if (frame.kind == Kind::pong) {
        on_pong(frame.body, now);
    } else {
        ++counters_.skipped;
    }
    return state_ != State::closing;
}

bool Terminal::wants(Kind kind) const {
    switch (kind) {
        case Kind::envelope:
            return true;
        case Kind::announce:
        case Kind::ack:
        case Kind::hold:
        case Kind::resume:
            return is_router();
        case Kind::attach:
        case Kind::detach:
            return !is_router();
        default:
            return false;
    }
}

bool Terminal::on_first_frame(const Frame& frame, Receiver& receiver) {
    if (frame.kind != Kind::hello) {
        close("bad-frame", "the first frame must be HELLO");
        return false;
    }
    base::Result<envelope::Hello> hello = envelope::read_hello(frame.body, options_->services);
    if (!hello) {
        close(hello.error().code, hello.error().detail);
        return false;
    }
    const bool ours = std::find(hello->protocol.begin(), hello->protocol.end(),
                                envelope::protocol_version) != hello->protocol.end();
    if (!ours) {
        close("version", "this router speaks version 1");
        return false;
    }
    state_ = State::greeted;
    role_ = hello->role;
    peer_machine_ = role_ == envelope::Role::router ? hello->machine_id : std::string();
    peer_incarnation_ = hello->incarnation;
    receiver.on_hello(spec_.id, std::move(*hello));
    return state_ != State::closing;
}

void Terminal::say_hello(const envelope::Hello& ours, base::Instant now) {
    base::Bytes body;
    envelope::append_hello(body, ours);
    send_control(Kind::hello, body, now);
}

void Terminal::accept(std::string name, const envelope::Hello&) {
    ensure(state_ == State::greeted, "only a terminal that said HELLO is accepted");
    spec_.name = std::move(name);
    state_ = State::up;
}

bool Terminal::send(const envelope::Header& header, base::ByteView body,
                    const std::shared_ptr<base::Bytes>* owner, base::Instant now,
                    Session* session) {
    const std::size_t size = envelope::header_size + header.pin.size() + body.size();
    const bool fits = output_.size() == 0 || output_.size() + size <= options_->queue;
    if (state_ != State::up || !fits) {
        return false;
    }
    const OutputQueue::Placed placed = output_.push(header, body, owner);
    if (session != nullptr) {
        session->keep(placed);
    }
    ++counters_.frames_out;
    counters_.bytes_out += size;
    last_sent_ = now;
    return true;
}

void Terminal::send_control(Kind kind, base::ByteView body, base::Instant now) {
    if (state_ == State::closing) {
        return;
    }
    const std::size_t size = envelope::header_size + body.size();
    if (output_.size() != 0 && output_.size() + size > 2 * options_->queue) {
        close("overloaded", "the peer isn't reading what it is sent");
        return;
    }
    output_.push({.kind = kind, .flags = 0, .hops = 0, .pin = {}}, body, nullptr);
    ++counters_.frames_out;
    counters_.bytes_out += size;
    last_sent_ = now;
}

void Terminal::close(std::string_view code, std::string_view message) {
    if (state_ == State::closing) {
        return;
    }
    state_ = State::closing;
    closing_code_ = code;
    closing_message_ = message;
    base::Bytes body;
    envelope::append_goodbye(body, {.code = closing_code_, .message = closing_message_});
    output_.push({.kind = Kind::goodbye, .flags = 0, .hops = 0, .pin = {}}, body, nullptr);
    ++counters_.frames_out;
}

void Terminal::probe(base::Instant now) {
    std::uint8_t value = 0xc0;  // nil
    if (measured_from_ == base::never) {
        constexpr std::uint8_t most = 127;  // of one byte
        measure_ = static_cast<std::uint8_t>(measure_ % most + 1);
        measured_from_ = now;
        value = measure_;
    }
    pinged_at_ = now;
    send_control(Kind::ping, {&value, 1}, now);
}

void Terminal::on_pong(base::ByteView value, base::Instant now) {
    ++counters_.pongs;
    if (measured_from_ != base::never && value.size() == 1 && value[0] == measure_) {
        round_trip_.add(now - measured_from_);
        measured_from_ = base::never;
    }
}

void Terminal::excuse(base::Instant now) {
    if (state_ == State::up && is_router()) {
        last_heard_ = now;
        probe(now);
    }
}

void Terminal::carry_on(Session& session, std::uint64_t count, base::Instant now) {
    const std::size_t before = output_.size();
    session.resume(count, output_);
    counters_.bytes_out += output_.size() - before;
    last_sent_ = now;
}

void Terminal::on_deadline(base::Instant now) {
    if (state_ == State::opened && now >= opened_at_ + options_->hello_timeout) {
        close("hello-timeout", "no HELLO in time");
    } else if (frame_since_ != base::never && now >= frame_since_ + options_->frame_timeout) {
        // Bytes come, but no frame: without this a length that was damaged would swallow all that
        // follows.
        close("bad-frame", "a frame that has begun must be whole in time (limits.frame_timeout)");
    } else if (state_ == State::up && is_router()) {
        if (now >= last_heard_ + options_->dead_after) {
            close("silent", "nothing heard for too long");
        } else if (now >= last_sent_ + options_->hello || now >= pinged_at_ + options_->measure) {
            probe(now);
        }
    }
}

base::Instant Terminal::deadline() const {
    if (state_ == State::opened) {
        return opened_at_ + options_->hello_timeout;
    }
    if (state_ != State::up) {
        return base::never;
    }
    const base::Instant whole =
        frame_since_ == base::never ? base::never : frame_since_ + options_->frame_timeout;
    return is_router() ? std::min({whole, last_heard_ + options_->dead_after,
                                   last_sent_ + options_->hello, pinged_at_ + options_->measure})
                       : whole;
}

}  // namespace jetway::terminal
