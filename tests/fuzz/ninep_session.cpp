// Session over a small tree: any bytes in pieces, or requests that are well made in any order,
// while the files answer now, later or when they are flushed, and the client reads or doesn't.
#include "ninep/session.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/ninep_asker.h"
#include "tests/fuzz/targets.h"
#include "tests/ninep/fake_tree.h"
#include "tests/ninep/wire.h"

namespace jetway::fuzz {

namespace {

using namespace tests;
using ninep::Dialect;
using ninep::Message;

constexpr std::uint32_t msize = 600;

ninep::SessionLimits small() {
    ninep::SessionLimits limits;
    limits.msize = msize;
    limits.fids = 12;
    limits.requests = 10;
    limits.held = 1'500;
    limits.output = 1'000;
    limits.unread = 5'000;
    return limits;
}

class Connection {
public:
    explicit Connection(Dialect dialect) : dialect_(dialect) { reader_.set_most(msize); }
    virtual ~Connection() {
        session_.reset();
        ensure(tree_.live == 0, "no File outlives its session");
        tree_.answer_parked("nobody hears it");
        tree_.answer_later();
        tree_.flushed.clear();
        ensure(tree_.live == 0, "and none is made of late answers");
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool broken() const { return session_->broken().has_value(); }
    bool wants_input() const { return session_->wants_input(); }

    void feed(base::ByteView bytes) {
        if (session_->wants_input()) {
            session_->on_bytes(bytes);
        }
        check();
    }

    void version() {
        feed(base::as_bytes(wire(100, ninep::no_tag, u32(msize),
                                 s(dialect_ == Dialect::linux ? "9P2000.L" : "9P2000"))));
    }

    // The files do something, or the client reads.
    void happen(std::size_t what) {
        switch (what % 6) {
            case 0:
                tree_.answer_later();
                break;
            case 1:
                tree_.answer_parked("what came");
                break;
            case 2:
                tree_.answers_flushes = !tree_.answers_flushes;
                break;
            case 3:
                answer_flushed();
                break;
            case 4:
                tree_.answer_parked(std::string(500, 'x'));
                break;
            default:
                break;
        }
        if (what % 12 < 6) {
            write();
        }
        check();
    }

    // All that can be answered is, and all is read.
    void settle() {
        for (bool more = true; more;) {
            tree_.answer_later();
            answer_flushed();
            tree_.answer_parked("at last");
            write();
            more = session_->output_size() > 0 || !tree_.later.empty() || !tree_.parked.empty() ||
                   !tree_.flushed.empty();
        }
        check();
        ensure(broken() || session_->requests() == 0, "every request ends");
        ensure(broken() || session_->wants_input(), "and then there is room for more");
        ensure(broken() || tree_.live == session_->fids(), "each File is one fid's");
    }

protected:
    virtual void on_answer(const Message& message, base::ByteView whole) = 0;

    Dialect dialect_;
    FakeTree tree_;

private:
    void write() {
        const base::Bytes out = session_->take_output();
        const auto fed = reader_.feed(out, [this](base::ByteView whole) {
            // What was asked before a version is answered in the dialect of before.
            base::Result<Message> message = ninep::read_message(whole, Dialect::plain);
            if (!message) {
                message = ninep::read_message(whole, Dialect::linux);
            }
            ensure(message.has_value(), "what it writes is messages");
            ensure(!ninep::is_request(message->type), "and they are answers");
            on_answer(*message, whole);
            return true;
        });
        ensure(fed && reader_.held() == 0, "and they are whole, within msize");
        check();
    }

    void answer_flushed() {
        for (const auto& reply : std::exchange(tree_.flushed, {})) {
            reply(error("EINTR"));
        }
    }

    void check() const {
        const ninep::SessionLimits limits = small();
        ensure(session_->fids() <= limits.fids, "fids are bounded");
        ensure(session_->requests() <= 2 * limits.requests, "requests are bounded");
        ensure(session_->output_size() <= limits.unread, "output is bounded");
        ensure(tree_.live <= limits.fids + limits.requests + tree_.later.size() + 1,
               "Files are bounded by fids, and by what is to be answered");
    }

    ninep::SessionCounters counters_;
    ninep::MessageReader reader_;
    std::unique_ptr<ninep::Session> session_ = std::make_unique<ninep::Session>(
        small(),
        [this](const ninep::Attacher&) -> base::Result<std::unique_ptr<ninep::File>> {
            return std::unique_ptr<ninep::File>(std::make_unique<FakeFile>(tree_, ""));
        },
        counters_);
};

// Any bytes.
class Anyone final : public Connection {
public:
    using Connection::Connection;

    void run(Input& input) {
        for (std::size_t turns = 0; turns < 500 && !input.empty(); ++turns) {
            const std::size_t choice = input.last();
            if (choice < 224) {
                const base::ByteView piece = input.piece(choice);
                asked_ += piece.size() / ninep::message_header + 1;
                feed(piece);
            } else {
                happen(choice);
            }
        }
        settle();
    }

private:
    void on_answer(const Message& /*message*/, base::ByteView /*whole*/) override {
        ensure(++answers_ <= asked_, "nothing is answered that was not asked");
    }

    std::size_t asked_ = 3;
    std::size_t answers_ = 0;
};

// Requests that are whole, with tags that are free.
class Client final : public Connection {
public:
    explicit Client(Dialect dialect)
        : Connection(dialect),
          asker_(dialect, {"text", "many", "park", "hook", "late", "stuck", "..", "nothing"}) {}

    void run(Input& input) {
        version();
        for (std::size_t turns = 0; turns < 300 && !input.empty() && !broken(); ++turns) {
            const std::size_t choice = input.byte();
            if (choice % 4 == 3 || !wants_input()) {
                happen(choice / 4);
            } else {
                feed(base::as_bytes(asker_.ask(choice, input)));
            }
        }
        settle();
        ensure(broken() || asker_.is_answered(), "every tag is answered or flushed");
    }

private:
    void on_answer(const Message& message, base::ByteView /*whole*/) override {
        asker_.on_answer(message);
    }

    Asker asker_;
};

}  // namespace

void ninep_session(base::ByteView bytes) {
    Input input(bytes);
    const std::size_t how = input.last();
    const Dialect dialect = how % 2 == 1 ? Dialect::linux : Dialect::plain;
    if (how % 8 < 3) {
        Client(dialect).run(input);
        return;
    }
    Anyone anyone(dialect);
    if (how % 8 < 7) {
        anyone.version();
        anyone.feed(base::as_bytes(attach(0, 0, dialect)));
    }
    anyone.run(input);
}

}  // namespace jetway::fuzz
