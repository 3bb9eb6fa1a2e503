// Terminal: any bytes in pieces, while time passes, frames are sent and the shell writes or
// doesn't.
#include "terminal/terminal.h"

#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using envelope::Frame;
using envelope::Kind;
using std::chrono::milliseconds;
using terminal::State;
using terminal::Terminal;
using terminal::TerminalId;

constexpr std::array steps = {milliseconds(1),   milliseconds(50),    milliseconds(300),
                              milliseconds(900), milliseconds(5'000), milliseconds(60'000)};

terminal::Options small() {
    terminal::Options options;
    options.queue = 512;
    options.max_frame = 300;
    options.services = 4;
    return options;
}

// The router that the terminal belongs to, and the peer that reads what it writes.
class Owner final : public terminal::Receiver {
public:
    enum class Welcome { accepts, refuses, keeps_waiting };

    Owner(Welcome welcome, bool dialled)
        : welcome_(welcome),
          terminal_(options_,
                    {.id = 1,
                     .name = "t",
                     .type = terminal::Type::network,
                     .dialled = dialled,
                     .peer_address = "peer"},
                    now_) {
        if (dialled) {
            say_hello();
        }
    }

    void feed(base::ByteView bytes) {
        const auto owner = std::make_shared<base::Bytes>(bytes.begin(), bytes.end());
        terminal_.on_bytes(*owner, &owner, now_, *this);
        check();
    }

    void pass(base::Duration time) {
        const base::Instant end = now_ + time;
        while (now_ < end) {
            now_ = std::min(end, std::max(now_, terminal_.deadline()));
            terminal_.on_deadline(now_);
            ensure(terminal_.state() == State::closing || terminal_.deadline() > now_,
                   "a deadline that was met is over");
            check();
        }
    }

    void send(std::size_t size) {
        const base::Bytes body(size + 1, 0xc0);
        const std::size_t before = terminal_.output().size();
        const bool sent = terminal_.send({.kind = Kind::envelope, .flags = 0, .hops = 0, .pin = {}},
                                         body, nullptr, now_);
        ensure(!sent || terminal_.up(), "nothing is sent before the greeting");
        ensure(
            terminal_.output().size() == before + (sent ? envelope::header_size + body.size() : 0),
            "what is queued is counted");
        check();
    }

    void accept_late() {
        if (terminal_.state() == State::greeted) {
            accept();
        }
    }

    // All that waits is written, and the peer reads it.
    void write() {
        const std::size_t size = terminal_.output().waiting();
        for (const base::Chunk& chunk : terminal_.output().take()) {
            const auto fault = reader_.feed(chunk.view(), nullptr, [&](const Frame& frame) {
                read(frame);
                return true;
            });
            ensure(fault == envelope::FrameFault::none, "what it writes is frames");
        }
        terminal_.output().written(size);
        ensure(terminal_.output().size() == 0 && reader_.held() == 0, "and they are whole");
        ensure(!said_goodbye_ || terminal_.state() == State::closing, "GOODBYE is the end");
    }

private:
    void on_hello(TerminalId, envelope::Hello hello) override {
        ensure(!greeted_ && !gone_, "there is one HELLO, and it is the first");
        greeted_ = true;
        is_router_ = hello.role == envelope::Role::router;
        ensure(hello.services.size() <= options_.services, "services are bounded");
        if (welcome_ == Welcome::accepts) {
            accept();
        } else if (welcome_ == Welcome::refuses) {
            terminal_.close("forbidden", "not here");
        }
    }

    void on_frame(TerminalId, const Frame& frame) override {
        ensure(terminal_.up() && accepted_ && !gone_, "only what is up lets frames through");
        ensure(frame.kind == Kind::envelope ||
                   (is_router_ ? frame.kind == Kind::announce || frame.kind == Kind::ack
                               : frame.kind == Kind::attach || frame.kind == Kind::detach) ||
                   frame.kind == Kind::hold || frame.kind == Kind::resume,
               "and those of its role");
        ensure(
            frame.body.size() + envelope::least_length <= options_.max_frame && !frame.body.empty(),
            "and within their bounds");
    }

    void on_goodbye(TerminalId, const envelope::Goodbye&) override {
        ensure(!gone_, "there is one GOODBYE");
        gone_ = true;
    }

    void say_hello() {
        terminal_.say_hello({.protocol = {1},
                             .role = envelope::Role::router,
                             .machine_id = "m",
                             .incarnation = 1,
                             .services = {},
                             .token = {},
                             .session = {},
                             .received = 0,
                             .address = {},
                             .max_frame = 300},
                            now_);
    }

    void accept() {
        if (!terminal_.dialled()) {
            say_hello();
        }
        accepted_ = true;
        terminal_.accept("peer", {});
    }

    void read(const Frame& frame) {
        ensure(!said_goodbye_, "nothing follows GOODBYE");
        ensure(said_any_ || frame.kind == Kind::hello || frame.kind == Kind::goodbye,
               "the first is HELLO or GOODBYE");
        ensure(!said_any_ || frame.kind != Kind::hello, "and HELLO is the first");
        said_any_ = true;
        said_goodbye_ = frame.kind == Kind::goodbye;
    }

    void check() {
        // A frame of any length goes into an empty queue, and GOODBYE into any.
        ensure(terminal_.output().size() <= 2 * options_.queue + options_.max_frame + 1'200,
               "the queue is bounded");
        ensure(!gone_ || terminal_.state() == State::closing, "GOODBYE of the peer ends it");
        ensure(!terminal_.up() || accepted_, "nobody is up who was not accepted");
    }

    terminal::Options options_ = small();
    base::Instant now_{std::chrono::seconds(1'000)};
    Welcome welcome_;
    bool greeted_ = false;
    bool is_router_ = false;
    bool accepted_ = false;
    bool gone_ = false;
    Terminal terminal_;
    envelope::FrameReader reader_{64U << 20U};
    bool said_any_ = false;
    bool said_goodbye_ = false;
};

}  // namespace

void terminal(base::ByteView bytes) {
    Input input(bytes);
    const std::uint8_t how = input.last();
    Owner owner(static_cast<Owner::Welcome>(how % 3), how % 2 == 1);
    for (std::size_t turns = 0; turns < 1'000 && !input.empty(); ++turns) {
        const std::size_t choice = input.last();
        if (choice < 224) {
            owner.feed(input.piece(choice));
            continue;
        }
        switch (choice % 8) {
            case 0:
            case 1:
                owner.pass(steps[input.last() % steps.size()]);
                break;
            case 2:
            case 3:
                owner.send(input.last());
                break;
            case 4:
                owner.accept_late();
                break;
            default:
                owner.write();
        }
    }
    owner.write();
    owner.pass(std::chrono::seconds(120));
    owner.write();
}

}  // namespace jetway::fuzz
