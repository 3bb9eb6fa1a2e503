// Session over a small tree: any bytes in pieces, or requests that are well made in any order,
// while the files answer now, later or when they are flushed, and the client reads or doesn't.
#include "ninep/session.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"
#include "tests/ninep/fake_tree.h"
#include "tests/ninep/wire.h"

namespace jetway::fuzz {

namespace {

using namespace tests;
using ninep::Dialect;
using ninep::Message;
using ninep::Type;

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
    std::string attach(unsigned tag, unsigned fid) const {
        return wire(104, tag, u32(fid), u32(ninep::no_fid), s("u"), s(""),
                    dialect_ == Dialect::linux ? u32(0) : std::string());
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
    using Connection::Connection;

    void run(Input& input) {
        version();
        for (std::size_t turns = 0; turns < 300 && !input.empty() && !broken(); ++turns) {
            const std::size_t choice = input.byte();
            if (choice % 4 == 3 || !wants_input()) {
                happen(choice / 4);
            } else {
                ask(choice, input);
            }
        }
        settle();
        ensure(broken() || asked_.empty(), "every tag is answered or flushed");
    }

private:
    void ask(std::size_t choice, Input& input) {
        static const std::array<std::string, 8> names = {"text", "many",  "park", "hook",
                                                         "late", "stuck", "..",   "nothing"};
        const bool linux = dialect_ == Dialect::linux;
        const unsigned tag = free_tag();
        const unsigned fid = input.byte() % 8;
        const unsigned other = input.byte() % 8;
        const std::string& name = names[other];
        std::string request;
        switch (choice % 13) {
            case 0:
            case 1:
                request = wire(110, tag, u32(fid), u32(input.byte() % 8), u16(1), s(name));
                break;
            case 2:
                request = wire(110, tag, u32(fid), u32(other), u16(0));
                break;
            case 3:
            case 4:
                request = linux ? wire(12, tag, u32(fid), u32(other & 3U))
                                : wire(112, tag, u32(fid), u8(other & 3U));
                break;
            case 5:
            case 6:
                request = wire(116, tag, u32(fid), u64(other * 3), u32(200));
                break;
            case 7:
                request = wire(118, tag, u32(fid), u64(other), u32(100), std::string(100, 'w'));
                break;
            case 8:
                request = wire(other == 0 ? 122 : 120, tag, u32(fid));
                break;
            case 9:
                request = linux ? wire(24, tag, u32(fid), u64(0x7ff)) : wire(124, tag, u32(fid));
                break;
            case 10:
                request = attach(tag, fid);
                break;
            case 11:
                request = linux ? wire(40, tag, u32(fid), u64(other), u32(200))
                                : wire(116, tag, u32(fid), u64(0), u32(200));
                break;
            default:
                flush(tag, input.byte());
                return;
        }
        send(tag, request);
    }

    void flush(unsigned tag, std::size_t which) {
        // Of something that was asked, if there is anything.
        auto at = asked_.begin();
        std::advance(at, asked_.empty() ? 0 : which % asked_.size());
        const unsigned old = asked_.empty() ? 999 : at->first;
        flushes_[tag] = old;
        send(tag, wire(108, tag, u16(old)));
    }

    void send(unsigned tag, const std::string& request) {
        asked_[tag] = static_cast<Type>(request[4]);
        feed(base::as_bytes(request));
    }

    unsigned free_tag() const {
        unsigned tag = 0;
        const auto taken = [this](unsigned which) {
            return asked_.count(which) > 0 ||
                   std::any_of(flushes_.begin(), flushes_.end(),
                               [which](const auto& flush) { return flush.second == which; });
        };
        while (taken(tag)) {
            ++tag;
        }
        return tag;
    }

    void on_answer(const Message& message, base::ByteView whole) override {
        if (message.type == Type::rversion) {
            return;
        }
        const auto found = asked_.find(message.tag);
        ensure(found != asked_.end(), "an answer is of a request, once, and not after its flush");
        const bool error = whole[4] == 7 || whole[4] == 107;
        ensure(
            error ? found->second != Type::tflush : message.type == ninep::answer_of(found->second),
            "and of its type; a flush is never an error");
        asked_.erase(found);
        if (message.type == Type::rflush) {
            const unsigned old = flushes_[message.tag];
            flushes_.erase(message.tag);
            const auto flushed = asked_.find(old);
            ensure(flushed == asked_.end() || flushed->second != Type::tflush,
                   "flushes are answered in their order");
            if (flushed != asked_.end()) {
                asked_.erase(flushed);
            }
        }
    }

    std::map<unsigned, Type> asked_;
    std::map<unsigned, unsigned> flushes_;
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
        anyone.feed(base::as_bytes(anyone.attach(0, 0)));
    }
    anyone.run(input);
}

}  // namespace jetway::fuzz
