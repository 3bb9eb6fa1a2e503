#include "terminal/websocket.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>

#include "base/ensure.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "terminal/frame_bounds.h"
#include "terminal/websocket_message.h"

namespace jetway::terminal {
namespace {

constexpr std::size_t bite = 4096;  // bytes given to wslay at once; bounds the PONGs it queues
constexpr std::size_t longest_reason = 123;

bool is_control(std::uint8_t opcode) {
    return (opcode & control_opcodes) != 0;
}

// A fault that wslay leaves to us.
struct Fault {
    std::uint16_t code = 0;  // of the Close; 0: none
    const char* words = "";
    bool in_stream = false;  // the frame stream's: GOODBYE goes before the Close
};

}  // namespace

// wslay reads the frames, checks them by the RFC, and answers PING and Close; what it has to send
// is taken from it at once. Messages of ours don't pass through it: it would copy them.
struct WebSocket::State {
    State(const Options& options, base::Random seeded)
        : role(options.role), bounds(options.max_frame), random(seeded) {
        wslay_event_callbacks callbacks{};
        callbacks.recv_callback = &State::give;
        callbacks.send_callback = &State::take;
        callbacks.genmask_callback = &State::make_mask;
        callbacks.on_frame_recv_start_callback = &State::on_frame;
        callbacks.on_frame_recv_chunk_callback = &State::on_payload;
        callbacks.on_msg_recv_callback = &State::on_message;
        const auto init = role == Role::server ? &wslay_event_context_server_init
                                               : &wslay_event_context_client_init;
        wslay_event_context* made = nullptr;
        ensure(init(&made, &callbacks, this) == 0, "there is memory for a WebSocket");
        context.reset(made);
        wslay_event_config_set_no_buffering(made, 1);
    }

    static State& of(void* user) { return *static_cast<State*>(user); }

    static ssize_t give(wslay_event_context* context, std::uint8_t* into, std::size_t room, int,
                        void* user) {
        base::ByteView& input = of(user).input;
        if (input.empty()) {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        const std::size_t size = std::min(room, input.size());
        std::memcpy(into, input.data(), size);
        input = input.subspan(size);
        return static_cast<ssize_t>(size);
    }

    static ssize_t take(wslay_event_context*, const std::uint8_t* bytes, std::size_t size, int,
                        void* user) {
        base::append(of(user).answers, {bytes, size});
        return static_cast<ssize_t>(size);
    }

    static int make_mask(wslay_event_context*, std::uint8_t* into, std::size_t size, void* user) {
        for (std::size_t i = 0; i < size; ++i) {
            into[i] = static_cast<std::uint8_t>(of(user).random.next() >> 32U);
        }
        return 0;
    }

    static void on_frame(wslay_event_context*, const wslay_event_on_frame_recv_start_arg* frame,
                         void* user) {
        State& self = of(user);
        self.opcode = frame->opcode;
        if (frame->opcode == WSLAY_TEXT_FRAME) {
            self.fail({close_code::unsupported, "expected binary messages, not text", true});
        } else if (is_control(frame->opcode) && frame->fin == 0) {
            self.fail({close_code::protocol_error, "a fragmented control frame", false});
        } else if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1) {
            self.fail({close_code::protocol_error, "half a code in Close", false});
        } else if (frame->opcode == WSLAY_BINARY_FRAME) {
            self.message_bytes = 0;
        }
    }

    static void on_payload(wslay_event_context*, const wslay_event_on_frame_recv_chunk_arg* chunk,
                           void* user) {
        State& self = of(user);
        if (self.fault.code == 0 && !is_control(self.opcode)) {
            const base::ByteView bytes(chunk->data, chunk->data_length);
            self.bounds.follow(bytes);
            self.message_bytes += bytes.size();
            // Never beyond what wslay has copied already: it gives out no more than it took.
            std::memcpy(self.output.data() + self.written, bytes.data(), bytes.size());
            self.written += bytes.size();
        }
    }

    static void on_message(wslay_event_context*, const wslay_event_on_msg_recv_arg* message,
                           void* user) {
        State& self = of(user);
        if (message->opcode == WSLAY_CONNECTION_CLOSE) {
            const std::size_t code_size = message->status_code == 0 ? 0 : 2;
            self.closed_with = message->status_code == 0 ? close_code::none : message->status_code;
            self.reason.assign(
                base::as_text({message->msg, message->msg_length}).substr(code_size));
        } else if (message->opcode == WSLAY_BINARY_FRAME && self.fault.code == 0 &&
                   self.bounds.fault() == FrameBounds::Fault::none) {
            if (self.message_bytes == 0) {
                self.fail({close_code::protocol_error, "a message without a frame", true});
            } else if (!self.bounds.at_end()) {
                self.fail({close_code::protocol_error, "a frame split over two messages", true});
            }
        }
    }

    void fail(const Fault& found) {
        if (fault.code == 0) {
            fault = found;
        }
        wslay_event_shutdown_read(context.get());
    }

    std::optional<std::uint32_t> next_mask() {
        return role == Role::client
                   ? std::optional(static_cast<std::uint32_t>(random.next() >> 32U))
                   : std::nullopt;
    }

    // Takes what wslay wants to send. PONGs that nobody would read are dropped.
    void collect() {
        ensure(wslay_event_send(context.get()) == 0, "what is sent by wslay is always taken");
        if (wslay_event_get_close_sent(context.get()) != 0 ||
            control.size() + answers.size() <= most_control) {
            base::append(control, answers);
        }
        answers.clear();
    }

    void say_close(std::uint16_t code, std::string_view words) {
        base::Bytes payload(2);
        base::write_be(payload.data(), code);
        base::append(payload, base::as_bytes(words.substr(0, longest_reason)));
        append_message(control, Opcode::close, payload, next_mask());
        wslay_event_shutdown_read(context.get());
        closing = true;
    }

    void say_goodbye(std::string_view words) {
        base::Bytes body;
        envelope::append_goodbye(body, {.code = "bad-frame", .message = std::string(words)});
        base::Bytes frame;
        envelope::append_frame(
            frame, {.kind = envelope::Kind::goodbye, .flags = 0, .hops = 0, .pin = {}}, body);
        append_message(control, Opcode::binary, frame, next_mask());
    }

    void end(std::uint16_t code, std::string words) {
        why = {"websocket", "closed the WebSocket with " + std::to_string(code) + ": " + words};
        say_close(code, words);
    }

    // What wslay and the callbacks found out from one bite.
    void judge(int status) {
        if (fault.code != 0) {
            if (fault.in_stream) {
                say_goodbye(fault.words);
            }
            return end(fault.code, fault.words);
        }
        if (status != 0) {  // no frame by the RFC; wslay's own Close has no code
            return end(close_code::protocol_error, "no frame of RFC 6455");
        }
        collect();
        if (closed_with != 0) {
            closing = true;
            why = {"EOF",
                   "the peer closed the WebSocket" +
                       (closed_with == close_code::none ? std::string()
                                                        : " with " + std::to_string(closed_with)) +
                       (reason.empty() ? "" : ": " + reason)};
        } else if (wslay_event_get_close_sent(context.get()) != 0) {
            closing = true;
            why = {"websocket",
                   "closed the WebSocket with " +
                       std::to_string(wslay_event_get_status_code_sent(context.get())) +
                       ": the peer broke RFC 6455"};
        }
    }

    struct Free {
        void operator()(wslay_event_context* context) const { wslay_event_context_free(context); }
    };

    Role role;
    std::unique_ptr<wslay_event_context, Free> context;
    FrameBounds bounds;
    base::Random random;
    base::ByteView input;            // what wslay may still read
    std::span<std::uint8_t> output;  // where the frame stream goes: over the bytes that came
    std::size_t written = 0;         // of it
    base::Bytes answers;             // what wslay sent, until collect
    base::Bytes control;
    std::uint8_t opcode = 0;  // of the present frame
    std::uint64_t message_bytes = 0;
    std::uint16_t closed_with = 0;  // by the peer; 0: it hasn't
    std::string reason;
    Fault fault;
    bool closing = false;
    base::Error why;
};

WebSocket::WebSocket(const Options& options, base::Random random)
    : state_(std::make_unique<State>(options, random)) {}

WebSocket::~WebSocket() = default;

std::span<std::uint8_t> WebSocket::on_bytes(std::span<std::uint8_t> bytes) {
    state_->output = bytes;
    state_->written = 0;
    base::ByteView rest = bytes;
    while (!rest.empty() && !state_->closing) {
        state_->input = rest.first(std::min(rest.size(), bite));
        rest = rest.subspan(state_->input.size());
        state_->judge(wslay_event_recv(state_->context.get()));
    }
    return bytes.first(state_->written);
}

bool WebSocket::has_control() const {
    return !state_->control.empty();
}

base::Bytes WebSocket::take_control() {
    return std::exchange(state_->control, {});
}

void WebSocket::wrap(std::vector<base::Chunk>& frames) {
    ensure(!closing(), "no message follows a Close");
    if (state_->role == Role::server) {
        put_into_messages(frames, {});
    } else {
        put_into_messages(frames, [this] { return *state_->next_mask(); });
    }
}

void WebSocket::close(std::string_view reason) {
    if (closing()) {
        return;
    }
    switch (state_->bounds.fault()) {
        case FrameBounds::Fault::too_large:
            return state_->end(close_code::too_big, std::string(reason));
        case FrameBounds::Fault::broken:
            return state_->end(close_code::protocol_error, std::string(reason));
        default:
            return state_->end(close_code::normal, std::string(reason));
    }
}

bool WebSocket::closing() const {
    return state_->closing;
}

const base::Error& WebSocket::why() const {
    return state_->why;
}

}  // namespace jetway::terminal
