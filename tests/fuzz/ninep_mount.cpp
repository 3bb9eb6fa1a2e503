// A service whose instances are 9P servers that lie, are silent, die and come back: what clients
// ask of it is answered all the same, and an honest instance is left with nothing.
#include <set>

#include "ninep/mount.h"
#include "ninep/session.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/ninep_asker.h"
#include "tests/fuzz/targets.h"
#include "tests/ninep/fake_server.h"
#include "tests/ninep/fake_tree.h"

namespace jetway::fuzz {

namespace {

using ninep::Dialect;
using ninep::Message;
using ninep::Mounts;
using tests::FakeServer;

constexpr std::array steps = {std::chrono::seconds(1), std::chrono::seconds(6),
                              std::chrono::seconds(31)};
constexpr std::array<std::uint16_t, 2> ports = {1, 2};

struct How {
    Dialect client;
    std::array<Dialect, 2> servers;
    bool honest;
};

class Net {
public:
    Net(const How& how, Input& input)
        : how_(how),
          input_(input),
          asker_(how.client, {"who", "dir", "file100", "health", "..", "nothing", "new"}) {
        reader_.set_most(600);
        for (std::size_t i = 0; i < ports.size(); ++i) {
            auto server = std::make_unique<FakeServer>(how.servers[i]);
            server->qid_base = ports[i] * 1'000'000ULL;
            if (!how.honest) {
                server->before = [this](const Message&) {
                    return input_.byte() >= 248 ? FakeServer::Do::silence : FakeServer::Do::answer;
                };
                server->lie = [this](base::Bytes& answer) { lie(answer); };
            }
            servers_[ports[i]] = std::move(server);
        }
        register_all(true);
        feed(tests::wire(100, ninep::no_tag, tests::u32(600),
                         tests::s(how.client == Dialect::linux ? "9P2000.L" : "9P2000")));
    }
    ~Net() {
        session_.reset();
        ensure(above_.live == 0, "no File outlives its session");
        run();
        for (const auto& [port, server] : servers_) {
            // Those of its root, which it is attached to for the user and for probes.
            ensure(!how_.honest || server->fids.size() <= 2, "few fids are left at an instance");
            for (const auto& [fid, path] : server->fids) {
                ensure(!how_.honest || path == "/srv/web" || path == "/", "and those are roots");
            }
            ensure(server->malformed.empty(), "an instance is sent nothing malformed");
        }
    }
    Net(const Net&) = delete;
    Net& operator=(const Net&) = delete;

    void go() {
        for (std::size_t turns = 0; turns < 150 && !input_.empty() && !broken(); ++turns) {
            const std::size_t choice = input_.byte();
            if (choice % 4 == 3 || !session_->wants_input()) {
                happen(choice / 4);
            } else {
                feed(asker_.ask(choice / 4, input_));
            }
        }
        settle();
    }

private:
    bool broken() const { return session_->broken().has_value(); }

    void feed(const std::string& bytes) {
        session_->on_bytes(base::as_bytes(bytes));
        run();
    }

    void happen(std::size_t what) {
        const std::uint16_t port = ports[what / 8 % 2];
        switch (what % 8) {
            case 0:
            case 1:
                pass(steps[what / 16 % steps.size()]);
                break;
            case 2:
                die(port);
                break;
            case 3:
                refused_.erase(port);
                break;
            case 4:
                register_all(what / 16 % 2 == 0);
                break;
            default:
                if (!how_.honest) {
                    say(port);
                }
        }
        run();
    }

    // Bytes that nobody asked for.
    void say(std::uint16_t port) {
        for (const auto& [link, at] : links_) {
            if (at == port) {
                const base::ByteView bytes = input_.bytes(input_.below(64));
                mounts_.on_bytes(link, bytes, now_);
                return;
            }
        }
    }

    void lie(base::Bytes& answer) {
        const std::size_t how = input_.byte();
        const std::size_t at = input_.byte() % answer.size();
        if (how >= 250) {
            answer.resize(at);
        } else if (how >= 240) {
            answer[at] = input_.byte();
        } else if (how >= 235 && answer.size() > 8) {
            answer.resize(std::max<std::size_t>(at, 7));
            answer[0] = static_cast<std::uint8_t>(answer.size());
        } else if (how >= 230) {
            answer.insert(answer.end(), answer.begin(), answer.end());
        }
    }

    void register_all(bool all) {
        std::vector<ninep::MountInstance> instances;
        for (const std::uint16_t port : ports) {
            if (all || port == ports[0]) {
                ninep::MountInstance made;
                made.machine = "m" + std::to_string(port);
                made.name = made.machine + ".1";
                made.address =
                    *envelope::parse_ninep_address("10.0.0.1:" + std::to_string(port) + "/srv/web");
                made.here = port == ports[0];
                instances.push_back(std::move(made));
            }
        }
        mounts_.update({{"web", *balance::parse_policy("round-robin"), instances}}, now_);
    }

    void die(std::uint16_t port) {
        refused_.insert(port);
        for (auto link = links_.begin(); link != links_.end();) {
            const auto here = link++;
            if (here->second == port) {
                const ninep::LinkId id = here->first;
                links_.erase(here);
                servers_[port]->fids.clear();
                servers_[port]->open.clear();
                servers_[port]->waiting.clear();
                mounts_.on_closed(id, {"ECONNRESET", "reset"}, now_);
            }
        }
    }

    void pass(base::Duration time) {
        now_ += time;
        mounts_.on_deadline(now_);
        run();
    }

    // Bytes between all, until nothing moves.
    void run() {
        for (int turns = 0; turns < 10'000; ++turns) {
            mounts_.end_turn(now_);
            const Mounts::Effects effects = mounts_.take_effects();
            for (const ninep::LinkId link : effects.closes) {
                hang_up(link);
            }
            for (const Mounts::Connect& connect : effects.connects) {
                connected(connect);
            }
            for (const ninep::LinkId link : effects.writes) {
                if (const auto to = links_.find(link); to != links_.end()) {
                    const base::Bytes answer =
                        servers_[to->second]->feed(mounts_.take_output(link));
                    if (!answer.empty()) {
                        mounts_.on_bytes(link, answer, now_);
                    }
                }
            }
            const bool written = write();
            if (effects.closes.empty() && effects.connects.empty() && effects.writes.empty() &&
                !written) {
                return;
            }
        }
        ensure(false, "nothing goes on for ever");
    }

    void connected(const Mounts::Connect& connect) {
        const std::uint16_t port = connect.address.port;
        if (refused_.count(port) == 1) {
            mounts_.on_connect_failed(connect.link, {"ECONNREFUSED", "refused"}, now_);
        } else {
            links_[connect.link] = port;
            mounts_.on_connected(connect.link, now_);
        }
    }

    void hang_up(ninep::LinkId link) {
        const auto at = links_.find(link);
        if (at != links_.end()) {
            servers_[at->second]->fids.clear();
            servers_[at->second]->open.clear();
            servers_[at->second]->waiting.clear();
            links_.erase(at);
        }
    }

    bool write() {
        if (session_ == nullptr) {
            return false;
        }
        const base::Bytes out = session_->take_output();
        const auto fed = reader_.feed(out, [this](base::ByteView whole) {
            const base::Result<Message> message =
                ninep::read_message(whole, version_seen_ ? how_.client : Dialect::plain);
            ensure(message.has_value(), "what it writes is messages of the dialect");
            version_seen_ = true;
            asker_.on_answer(*message);
            return true;
        });
        ensure(fed && reader_.held() == 0, "and they are whole, within msize");
        return !out.empty();
    }

    void settle() {
        for (int i = 0; i < 30; ++i) {
            pass(std::chrono::seconds(10));
        }
        ensure(broken() || asker_.is_answered(), "every tag is answered or flushed, in time");
        ensure(broken() || session_->requests() == 0, "and nothing waits");
    }

    How how_;
    Input& input_;
    Asker asker_;
    base::Instant now_{std::chrono::hours(1)};
    tests::FakeTree above_;
    std::map<std::uint16_t, std::unique_ptr<FakeServer>> servers_;
    std::set<std::uint16_t> refused_;
    std::map<ninep::LinkId, std::uint16_t> links_;
    Mounts mounts_{{}, base::Random(1)};
    ninep::SessionCounters counters_;
    ninep::MessageReader reader_;
    bool version_seen_ = false;
    std::unique_ptr<ninep::Session> session_ = std::make_unique<ninep::Session>(
        ninep::SessionLimits{},
        [this](const ninep::Attacher& who) -> base::Result<std::unique_ptr<ninep::File>> {
            std::unique_ptr<ninep::File> root = mounts_.service_root("web", who, [this] {
                return std::unique_ptr<ninep::File>(std::make_unique<tests::FakeFile>(above_, ""));
            });
            if (root == nullptr) {
                return ninep::error("ENOENT");
            }
            return root;
        },
        counters_);
};

}  // namespace

void ninep_mount(base::ByteView bytes) {
    Input input(bytes);
    const std::size_t how = input.last();
    const auto dialect = [how](std::size_t bit) {
        return (how >> bit) % 2 == 1 ? Dialect::linux : Dialect::plain;
    };
    Net({dialect(0), {dialect(1), dialect(2)}, (how >> 3U) % 4 == 0}, input).go();
}

}  // namespace jetway::fuzz
