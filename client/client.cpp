#include "client/client.h"

#include <algorithm>

#include "envelope/attach.h"
#include "envelope/cursor.h"
#include "envelope/hold.h"
#include "envelope/packer.h"

namespace jetway::client {

namespace {

using envelope::Cursor;
using envelope::EnvelopeView;
using envelope::Kind;

constexpr std::size_t max_held = 4'096;
// For the header of a frame and the PONGs, which must not be refused.
constexpr std::size_t spare = 64U << 10U;

bool read_number(base::ByteView raw, std::uint64_t& value) {
    Cursor cursor(raw);
    return cursor.read_unsigned(value) && cursor.at_end();
}

}  // namespace

Client::Client(Runtime& runtime, const transport::Target& router, Options options)
    : runtime_(runtime),
      options_(std::move(options)),
      reader_(options_.max_frame),
      gathered_(std::make_shared<base::Bytes>()),
      deadline_(runtime.loop(), [this] { on_deadline(); }) {
    deadline_.set(runtime_.loop().now() + options_.timeout);
    dialler_ = std::make_unique<transport::Dialler>(
        runtime_.loop(), router,
        transport::Terms{
            .tls = options_.tls, .machine = options_.tls_name, .certificate_required = false},
        options_.timeout, [this](base::Result<std::unique_ptr<io::Stream>> result) {
            on_connected(std::move(result));
        });
}

Client::~Client() {
    on_closed_ = {};
    close();
    runtime_.cancel(*this);
}

void Client::on_connected(base::Result<std::unique_ptr<io::Stream>> result) {
    if (state_ != State::connecting) {
        return;
    }
    if (!result) {
        fail(result.error());
        return;
    }
    stream_ = std::move(result.value());
    stream_->set_handler(this);
    stream_->start_reading();
    state_ = State::greeting;
    base::Bytes hello;
    envelope::append_hello(hello, {.protocol = {envelope::protocol_version},
                                   .role = envelope::Role::service,
                                   .machine_id = {},
                                   .incarnation = 0,
                                   .services = options_.services,
                                   .token = options_.token,
                                   .session = {},
                                   .received = 0,
                                   .address = {},
                                   .max_frame = 0});
    gather(Kind::hello, hello);
}

void Client::on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& owner) {
    const envelope::FrameFault fault =
        reader_.feed(bytes, &owner, [this](const envelope::Frame& frame) {
            on_frame(frame);
            return state_ != State::closed;
        });
    if (state_ == State::closed || fault == envelope::FrameFault::none) {
        return;
    }
    fail({"bad-frame", fault == envelope::FrameFault::too_large
                           ? "the router sent a frame over the limit of " +
                                 std::to_string(options_.max_frame) + " bytes"
                           : "what came from the router is no frame: is it a Jetway router?"});
}

void Client::on_frame(const envelope::Frame& frame) {
    if (state_ == State::greeting && frame.kind != Kind::hello && frame.kind != Kind::goodbye) {
        fail({"bad-frame", "the router did not begin with HELLO: is it a Jetway router?"});
        return;
    }
    switch (frame.kind) {
        case Kind::hello:
            on_hello(frame.body);
            return;
        case Kind::envelope:
            flags_ = frame.flags;
            on_envelope_frame(frame.body);
            return;
        case Kind::ping:
            gather(Kind::pong, frame.body);
            return;
        case Kind::pong:
            on_pong(frame.body);
            return;
        case Kind::hold:
            on_hold(frame.body, true);
            return;
        case Kind::resume:
            on_hold(frame.body, false);
            return;
        case Kind::goodbye: {
            const envelope::Goodbye goodbye = envelope::read_goodbye(frame.body);
            fail({goodbye.code.empty() ? "closed" : goodbye.code, goodbye.message});
            return;
        }
        default:
            ++skipped_;
    }
}

void Client::on_hello(base::ByteView body) {
    if (state_ != State::greeting) {
        fail({"bad-frame", "the router sent HELLO twice"});
        return;
    }
    const base::Result<envelope::Hello> hello = envelope::read_hello(body, 0);
    if (!hello) {
        fail(hello.error());
        return;
    }
    if (std::find(hello->protocol.begin(), hello->protocol.end(), envelope::protocol_version) ==
        hello->protocol.end()) {
        fail({"version", "the router does not speak version 1 of the protocol"});
        return;
    }
    address_ = hello->address;
    machine_id_ = hello->machine_id;
    if (hello->max_frame != 0) {
        peer_max_frame_ = hello->max_frame;
    }
    state_ = State::open;
    deadline_.cancel();
    if (on_open_) {
        on_open_();
    }
}

void Client::on_envelope_frame(base::ByteView body) {
    EnvelopeView view;
    if (envelope::read_envelope(body, view) != nullptr) {
        ++skipped_;
        return;
    }
    const Questions::Taken taken = questions_.take(view);
    skipped_ += taken == Questions::Taken::late ? 1 : 0;
    if (taken == Questions::Taken::no && on_envelope_) {
        on_envelope_(view);
    }
}

void Client::on_hold(base::ByteView body, bool hold) {
    const std::optional<std::string_view> destination = envelope::read_hold(body);
    if (!destination) {
        ++skipped_;
        return;
    }
    if (hold && held_.size() < max_held) {
        held_.emplace(*destination);
        return;
    }
    const auto found = held_.find(*destination);
    if (!hold && found != held_.end()) {
        held_.erase(found);
        if (on_room_) {
            on_room_();
        }
    }
}

void Client::on_pong(base::ByteView body) {
    std::uint64_t number = 0;
    if (read_number(body, number) && number <= pings_) {
        answered_pings_ = std::max(answered_pings_, number);
    } else {
        ++skipped_;
    }
}

void Client::on_deadline() {
    if (state_ == State::connecting || state_ == State::greeting) {
        fail({"timeout", state_ == State::greeting
                             ? "connected, but the router did not greet in time"
                             : "could not connect in time"});
        return;
    }
    questions_.on_deadline(runtime_.loop().now());
    // Forgetting leaves the timer as it is: one that fires for nobody costs less than setting it
    // every time.
    deadline_.set(questions_.deadline());
}

base::Result<void> Client::send(const envelope::EnvelopeFields& fields) {
    body_.clear();
    envelope::append_envelope(body_, fields);
    return queue_frame(Kind::envelope, body_);
}

base::Result<std::uint64_t> Client::ask(envelope::EnvelopeFields fields, base::Instant deadline,
                                        OnAnswer on_answer, std::uint8_t flags) {
    if (questions_.size() >= options_.requests) {
        return base::Error{"overloaded", "too many requests are unanswered"};
    }
    const std::uint64_t id = questions_.next();
    base::Bytes raw_id;
    envelope::Packer(raw_id).number(id);
    fields.id = raw_id;
    if (fields.reply_to.empty()) {
        fields.reply_to = address_;
    }
    body_.clear();
    envelope::append_envelope(body_, fields);
    if (const base::Result<void> sent = queue_frame(Kind::envelope, body_, flags); !sent) {
        return sent.error();
    }
    questions_.add(deadline, std::move(on_answer));
    deadline_.set(questions_.deadline());
    return id;
}

base::Result<void> Client::attach(const std::vector<envelope::ServiceEntry>& services) {
    base::Bytes body;
    envelope::append_attach(body, services);
    return queue_frame(Kind::attach, body);
}

base::Result<void> Client::detach(const std::vector<std::string>& names) {
    base::Bytes body;
    envelope::append_detach(body, names);
    return queue_frame(Kind::detach, body);
}

base::Result<std::uint64_t> Client::ping() {
    base::Bytes body;
    envelope::Packer(body).number(pings_ + 1);
    if (const base::Result<void> sent = queue_frame(Kind::ping, body); !sent) {
        return sent.error();
    }
    return ++pings_;
}

std::size_t Client::queued() const {
    return gathered_->size() + (stream_ ? stream_->unfinished_bytes() : 0);
}

base::Result<void> Client::queue_frame(Kind kind, base::ByteView body, std::uint8_t flags) {
    if (state_ != State::open) {
        return why_closed_.code.empty() ? base::Error{"closed", "the connection is not open"}
                                        : why_closed_;
    }
    if (envelope::least_length + body.size() > peer_max_frame_) {
        return base::Error{"too-large", std::to_string(body.size()) +
                                            " bytes are over the router's limit of " +
                                            std::to_string(peer_max_frame_) + " a frame"};
    }
    // A frame always fits into an empty queue: what may be sent at all can be sent some time.
    const std::size_t waiting = queued();
    if (waiting > 0 && waiting + envelope::header_size + body.size() > options_.queue) {
        return base::Error{"overloaded", std::to_string(waiting) + " bytes wait for the router"};
    }
    gather(kind, body, flags);
    return {};
}

void Client::gather(Kind kind, base::ByteView body, std::uint8_t flags) {
    if (state_ == State::closed) {
        return;
    }
    // Only answers to PING come here unchecked: a router that sends PINGs and reads nothing is
    // broken.
    if (kind == Kind::pong && queued() + body.size() > options_.queue + spare) {
        ++skipped_;
        return;
    }
    envelope::append_frame(*gathered_, {.kind = kind, .flags = flags, .hops = 0, .pin = {}}, body);
    if (!at_turn_end_) {
        at_turn_end_ = true;
        runtime_.at_turn_end(*this);
    }
}

void Client::on_turn_end() {
    at_turn_end_ = false;
    flush();
}

void Client::on_writable() {
    flush();
    if (queued() == 0 && state_ == State::open && on_room_) {
        on_room_();
    }
}

void Client::flush() {
    if (!stream_ || !stream_->is_open() || stream_->busy() || gathered_->empty()) {
        return;
    }
    std::vector<io::WriteChunk> chunks(1);
    chunks.front().shared = {*gathered_, gathered_};
    stream_->write(std::move(chunks));
    chunks.clear();
    if (stream_->busy() || gathered_.use_count() > 1) {
        gathered_ = std::make_shared<base::Bytes>();  // the stream keeps the other one
        return;
    }
    gathered_->clear();
    if (state_ == State::open && on_room_) {
        on_room_();
    }
}

void Client::on_closed(const base::Error& why) {
    if (why.code == "certificate") {
        fail(why);
        return;
    }
    fail({"closed", why.code == "EOF" ? "the router ended the connection"
                                      : "the connection broke: " + why.detail});
}

void Client::fail(base::Error why) {
    if (state_ == State::closed) {
        return;
    }
    state_ = State::closed;
    why_closed_ = std::move(why);
    deadline_.cancel();
    if (stream_) {
        stream_->close();
    }
    questions_.end(why_closed_);
    if (on_closed_) {
        on_closed_(why_closed_);
    }
}

void Client::close() {
    if (state_ == State::closed) {
        return;
    }
    flush();
    state_ = State::closed;
    why_closed_ = {"closed", "closed by this program"};
    deadline_.cancel();
    dialler_.reset();
    if (stream_) {
        stream_->shutdown_then_close();
    }
    questions_.end(why_closed_);
}

}  // namespace jetway::client
