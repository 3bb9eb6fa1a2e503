// The /svc tree of a router: a client's requests in any order, while services come and go, answer,
// refuse or say nothing, and things happen that are told to those who follow.
#include "tests/fuzz/input.h"
#include "tests/fuzz/ninep_asker.h"
#include "tests/fuzz/targets.h"
#include "tests/ninep/mesh.h"

namespace jetway::fuzz {

namespace {

using ninep::Dialect;
using ninep::Message;

constexpr std::array steps = {std::chrono::seconds(1), std::chrono::seconds(6),
                              std::chrono::seconds(31)};

class Follower {
public:
    explicit Follower(Dialect dialect, bool may_change)
        : dialect_(dialect),
          asker_(dialect, {"web",    "gpu",     "route",   "..",         "request",    "clone",
                           "data",   "ctl",     "0",       "1",          "status",     "event",
                           "events", "explain", "policy",  "log",        "service",    "inst",
                           "a.1",    "health",  "nothing", "timeout 5s", "header k=v", "drain"}) {
        who_->may_change = may_change;
        reader_.set_most(600);
        mesh_.serve("web");
        mesh_.serve("gpu");
        feed(tests::wire(100, ninep::no_tag, tests::u32(600),
                         tests::s(dialect == Dialect::linux ? "9P2000.L" : "9P2000")));
    }
    ~Follower() {
        session_.reset();
        ensure(who_->kept == 0, "nothing is kept for a client that is gone");
        ensure(mesh_.asks.under_way() == 0, "nothing is asked for it");
        ensure(mesh_.tree.conversations().numbers("web").empty() &&
                   mesh_.tree.conversations().numbers("gpu").empty(),
               "and no conversation is left");
        answer_all({});
        mesh_.happen({base::Report::Level::info, "after", {}});
        mesh_.serve("other");
    }
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    void run(Input& input) {
        for (std::size_t turns = 0; turns < 300 && !input.empty() && !broken(); ++turns) {
            const std::size_t choice = input.byte();
            if (choice % 3 == 2 || !session_->wants_input()) {
                happen(choice / 3, input);
            } else {
                feed(asker_.ask(choice / 3, input));
            }
        }
        settle();
    }

private:
    bool broken() const { return session_->broken().has_value(); }

    void feed(const std::string& bytes) {
        session_->on_bytes(base::as_bytes(bytes));
        write();
    }

    void happen(std::size_t what, Input& input) {
        switch (what % 9) {
            case 0:
                answer_all({});
                break;
            case 1:
                answer_all(input.bytes(40));
                break;
            case 2:
                for (const auto& sent : std::exchange(mesh_.sent, {})) {
                    mesh_.refuse(sent, "no-route", "nobody");
                }
                break;
            case 3:
                mesh_.services.size() > 1 ? mesh_.end("web") : mesh_.serve("web");
                break;
            case 4:
                mesh_.pass(steps[what / 9 % steps.size()]);
                break;
            case 5:
                mesh_.refuses = mesh_.refuses.empty() ? "drain" : "";
                break;
            default:
                mesh_.happen({base::Report::Level::info,
                                         std::string(base::as_text(input.bytes(what % 30))),
                                         {{"key", "a value"}}});
        }
        write();
        ensure(mesh_.asks.under_way() <= 300, "questions are bounded by requests");
        ensure(session_->output_size() == 0 || broken(), "what is there was read");
    }

    // With that as data, or a text.
    void answer_all(base::ByteView data) {
        for (const auto& sent : std::exchange(mesh_.sent, {})) {
            if (data.empty()) {
                mesh_.answer_text(sent, "an answer of some bytes");
            } else {
                mesh_.answer(sent, base::Bytes(data.begin(), data.end()));
            }
        }
    }

    void write() {
        while (session_->output_size() > 0) {
            const base::Bytes out = session_->take_output();
            const auto fed = reader_.feed(out, [this](base::ByteView whole) {
                const base::Result<Message> message =
                    ninep::read_message(whole, version_seen_ ? dialect_ : Dialect::plain);
                ensure(message.has_value(), "what it writes is messages of the dialect");
                version_seen_ = true;
                asker_.on_answer(*message);
                return true;
            });
            ensure(fed && reader_.held() == 0, "and they are whole, within msize");
        }
    }

    // The services go, and what their files waited for with them; fids are let go for what waits
    // for events.
    void settle() {
        mesh_.end("web");
        mesh_.end("gpu");
        mesh_.pass(std::chrono::hours(2));
        for (int i = 0; i < 3; ++i) {
            mesh_.happen({base::Report::Level::info, "at last", {}});
            write();
        }
        for (unsigned fid = 0; fid < 8 && !broken(); ++fid) {
            feed(tests::wire(120, 5'000 + fid, tests::u32(fid)), false);
        }
        ensure(broken() || asker_.is_answered(), "every tag is answered or flushed");
        ensure(broken() || session_->requests() == 0, "and nothing waits");
        ensure(broken() || session_->fids() == 0, "nor is any fid left");
    }
    // Of a request that isn't the asker's.
    void feed(const std::string& bytes, bool /*expected*/) {
        session_->on_bytes(base::as_bytes(bytes));
        const base::Bytes out = session_->take_output();
        const auto fed = reader_.feed(out, [this](base::ByteView whole) {
            const base::Result<Message> message = ninep::read_message(whole, dialect_);
            ensure(message.has_value(), "what it writes is messages of the dialect");
            if (message->tag < 5'000) {
                asker_.on_answer(*message);
            }
            return true;
        });
        ensure(fed.has_value(), "and they are whole");
    }

    Dialect dialect_;
    Asker asker_;
    tests::Mesh mesh_;
    std::shared_ptr<ninep::Client> who_ = std::make_shared<ninep::Client>();
    ninep::SessionCounters counters_;
    ninep::MessageReader reader_;
    bool version_seen_ = false;
    std::unique_ptr<ninep::Session> session_ = std::make_unique<ninep::Session>(
        ninep::SessionLimits{},
        [this](const ninep::Attacher& attacher) { return mesh_.tree.attach(who_, attacher); },
        counters_);
};

}  // namespace

void ninep_tree(base::ByteView bytes) {
    Input input(bytes);
    const std::size_t how = input.last();
    Follower(how % 2 == 1 ? Dialect::linux : Dialect::plain, how % 4 < 2).run(input);
}

}  // namespace jetway::fuzz
