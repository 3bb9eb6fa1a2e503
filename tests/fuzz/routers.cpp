// Two or three routers with a service each. The input decides whose bytes move when and where they
// are cut, which connections break, who is killed or stops reading, and how time passes. Envelopes
// are numbered: none arrives twice unmarked, and none is both delivered and refused but by a link
// that was lost. As long as nothing worse happens than connections that break, and no link is given
// up, each is delivered or refused once, in order. When all is mended, everyone reaches everyone.
#include "envelope/cursor.h"
#include "envelope/packer.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/net.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using envelope::Kind;
using envelope::Packer;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 3> machines = {"a", "b", "c"};
constexpr std::array<std::string_view, 3> services = {"sa", "sb", "sc"};
constexpr std::array steps = {milliseconds(1),   milliseconds(20),    milliseconds(100),
                              milliseconds(300), milliseconds(1'000), milliseconds(3'000)};

struct Sent {
    Sent(std::size_t by, std::size_t at) : from(by), to(at) {}

    std::size_t from;
    std::size_t to;
    std::size_t delivered = 0;
    bool duplicate = false;  // one of them was marked POSSIBLE_DUPLICATE
    std::size_t refused = 0;
    std::size_t lost = 0;  // refused as link-lost
};

class Mesh {
public:
    // `shape`: a pair, a line or a triangle.
    explicit Mesh(std::size_t shape) {
        const std::size_t count = shape == 0 ? 2 : 3;
        for (std::size_t i = 0; i < count; ++i) {
            std::vector<std::string> links;
            for (std::size_t j = 0; j < count; ++j) {
                if (j != i && (shape != 1 || i == 1 || j == 1)) {
                    links.emplace_back(machines[j]);
                }
            }
            net_.add(std::string(machines[i]), links, {std::string(services[i])});
            net_.add_peer(i, {std::string(services[i])});
        }
        for (std::size_t i = 0; i < count; ++i) {
            net_.connect(i);
        }
        net_.settle(1'000);
        net_.pass(milliseconds(100));
        net_.settle(1'000);
        in_line_ = shape != 2;
        ensure(all_reach(), "routers that stand find each other");
    }

    void step(Input& input) {
        const std::size_t op = input.byte();
        switch (op % 16) {
            case 0:
            case 1:
            case 2:
                if (net_.links() != 0) {
                    const std::size_t link = input.byte();
                    const std::size_t size = input.byte();
                    net_.move(link / 2 % net_.links(), link % 2, size == 0 ? SIZE_MAX : size);
                }
                break;
            case 3:
                net_.settle(1 + op / 16);
                break;
            case 4:
            case 5:
                net_.pass(steps[input.below(steps.size())]);
                break;
            case 6:
            case 7:
            case 8:
            case 9:
                send(input);
                break;
            default:
                break_something(op % 16, input);
        }
        collect();
    }

    void finish() {
        net_.unreachable = false;
        for (std::size_t i = 0; i < net_.nodes(); ++i) {
            net_.start(i);
            net_.read_again(i);
            if (net_.peer(i).address.empty() || !net_.peer(i).goodbye.empty()) {
                net_.connect(i);
            }
        }
        // All that was silent or disturbed ends, by itself or by what comes; then all links stand.
        for (int i = 0; i < 150 && (i < 15 || !all_reach()); ++i) {
            net_.settle(100);
            net_.pass(milliseconds(100));
        }
        net_.settle(1'000);
        collect();
        if (!liars_) {
            ensure(all_reach(), "when all is mended there is a way to everyone");
            for (std::size_t from = 0; from < net_.nodes(); ++from) {
                for (std::size_t to = 0; to < net_.nodes(); ++to) {
                    send(from, to, 8, false);
                }
            }
            net_.settle(1'000);
            const std::size_t last = sent_.size() - net_.nodes() * net_.nodes();
            collect();
            for (std::size_t i = last; i < sent_.size(); ++i) {
                ensure(sent_[i].delivered == 1, "when all is mended everyone reaches everyone");
            }
        }
        for (const Sent& sent : sent_) {
            ensure(lossy() || sent.delivered + sent.refused + sent.lost == 1,
                   "what is sent is delivered or refused, whatever connections break");
        }
    }

private:
    // Something has happened that may cost envelopes, or their order.
    bool lossy() const { return faults_ || net_.links_down > 0; }

    void break_something(std::size_t what, Input& input) {
        const std::size_t choice = input.byte();
        const std::size_t node = choice % net_.nodes();
        faults_ = faults_ || what != 10;  // a link outlives its connection
        switch (what) {
            case 10:
                if (net_.links() != 0) {
                    net_.cut(choice / 2 % net_.links(), choice % 2, input.byte());
                }
                break;
            case 11:
                if (net_.links() != 0) {
                    net_.silence(choice % net_.links());
                }
                break;
            case 12:
                net_.unreachable = !net_.unreachable;
                break;
            case 13:
                if (net_.node(node).router) {
                    net_.kill(node);
                } else {
                    net_.start(node);
                }
                break;
            case 14:
                if (choice % 2 == 0) {
                    net_.hang_up(node);
                } else if (net_.peer(node).address.empty()) {
                    net_.connect(node);
                } else if (net_.peer(node).reading) {
                    net_.peer(node).reading = false;
                } else {
                    net_.read_again(node);
                }
                break;
            default:
                if (net_.links() != 0) {
                    liars_ = true;
                    net_.insert(choice / 2 % net_.links(), choice % 2, input.bytes(input.byte()));
                }
        }
    }

    void send(Input& input) {
        const std::size_t choice = input.byte();
        const std::size_t size = input.byte();
        send(choice % net_.nodes(), choice / 4 % net_.nodes(), size * 7, choice >= 128);
    }

    // An envelope with its number as `id`. `named`: to the service at its machine.
    void send(std::size_t from, std::size_t to, std::size_t size, bool named) {
        if (net_.peer(from).address.empty()) {
            return;
        }
        base::Bytes id;
        Packer(id).number(sent_.size());
        base::Bytes data;
        Packer(data).binary(base::Bytes(size, 0x2a));
        const std::string destination =
            std::string(services[to]) + (named ? "@" + std::string(machines[to]) : "");
        base::Bytes body;
        envelope::append_envelope(body, {.source = {},
                                         .destination = destination,
                                         .reply_to = {},
                                         .id = id,
                                         .in_reply_to = {},
                                         .headers = {},
                                         .error = nullptr,
                                         .data = data});
        sent_.push_back(Sent(from, to));
        net_.say(from, Kind::envelope, body);
    }

    void collect() {
        for (std::size_t i = 0; i < net_.peers(); ++i) {
            for (const Arrived& arrived : std::exchange(net_.peer(i).arrived, {})) {
                take(i, arrived);
            }
        }
    }

    void take(std::size_t at, const Arrived& arrived) {
        const bool refusal = !arrived.view.error.empty();
        envelope::Cursor cursor(refusal ? arrived.view.in_reply_to : arrived.view.id);
        std::uint64_t number = 0;
        if (!cursor.read_unsigned(number) || number >= sent_.size()) {
            ensure(liars_, "only what was sent arrives");
            return;
        }
        Sent& sent = sent_[number];
        if (liars_) {
            sent.delivered += refusal ? 0 : 1;
            return;  // what was put into a stream is believed
        }
        if (refusal) {
            ensure(at == sent.from, "a refusal goes to who sent it");
            const bool lost = envelope::read_error(arrived.view.error).code == "link-lost";
            ++(lost ? sent.lost : sent.refused);
        } else {
            ensure(at == sent.to, "an envelope arrives where it was sent");
            const bool marked = (arrived.flags & envelope::flag::possible_duplicate) != 0;
            sent.duplicate = sent.duplicate || marked;
            ++sent.delivered;
            std::uint64_t& newest = newest_[{sent.from, at}];
            ensure(!in_line_ || marked || lossy() || newest <= number,
                   "on one way, envelopes keep their order");
            newest = std::max(newest, number);
        }
        ensure(sent.delivered <= 1 || sent.duplicate, "what may be a repeat is marked");
        ensure(lossy() || !sent.duplicate, "nothing is marked as long as no link is given up");
        // What had not been acknowledged when a link was given up may have had its outcome already.
        ensure(sent.refused + sent.lost == 0 || net_.links_down > 0 ||
                   (sent.refused + sent.lost == 1 && sent.delivered == 0),
               "an envelope is delivered or refused");
    }

    bool all_reach() {
        for (std::size_t i = 0; i < net_.nodes(); ++i) {
            for (std::size_t j = 0; j < net_.nodes(); ++j) {
                if (i != j && net_.node(i).router->gossip().selected(machines[j]) == nullptr) {
                    return false;
                }
            }
        }
        return true;
    }

    Net net_;
    bool in_line_ = true;
    bool faults_ = false;  // something has been broken
    bool liars_ = false;   // something has been put into a stream
    std::vector<Sent> sent_;
    std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> newest_;
};

}  // namespace

void routers(base::ByteView bytes) {
    Input input(bytes);
    Mesh mesh(input.below(3));
    for (std::size_t turns = 0; turns < 300 && !input.empty(); ++turns) {
        mesh.step(input);
    }
    mesh.finish();
}

}  // namespace jetway::fuzz
