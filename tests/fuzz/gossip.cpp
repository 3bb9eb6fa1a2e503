// One live Gossip with three neighbours that say anything, in any order, while links come and go.
// Neighbour keeps what it was told, as docs/protocol.md lays it down, and compares.
#include "gossip/gossip.h"

#include <map>
#include <set>

#include "envelope/address.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using envelope::Announce;
using gossip::Gossip;
using gossip::LinkId;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 6> names = {"m", "n1", "n2", "n3", "x", "y"};
constexpr std::array steps = {milliseconds(0),   milliseconds(1),     milliseconds(20),
                              milliseconds(250), milliseconds(1'000), milliseconds(4'000)};
constexpr std::size_t neighbours = 3;
constexpr std::size_t max_machines = 8;

// The best that was ever announced of a machine.
struct Best {
    std::uint64_t sequence = 0;
    std::uint16_t cost = envelope::infinity;

    bool better_than(std::uint64_t number, std::uint16_t other) const {
        return sequence > number || (sequence == number && cost <= other);
    }
};

// What a neighbour was told over its present link.
struct Told {
    std::map<std::string, std::uint64_t> routes;    // digests
    std::map<std::string, std::uint64_t> catalogs;  // digests
    bool up = false;
    bool begun = false;  // the full announcement has come

    std::uint64_t sum() const {
        std::uint64_t total = 0;
        for (const auto& [name, digest] : routes) {
            total += digest;
        }
        for (const auto& [name, digest] : catalogs) {
            total += digest;
        }
        return total;
    }
};

class Live {
public:
    Live() : gossip_(small(), "m", 1'000) {}

    void step(Input& input) {
        const auto link = static_cast<LinkId>(1 + input.below(neighbours));
        Told& told = told_[link];
        switch (input.below(12)) {
            case 0:
                gossip_.on_link_up(link, std::string(names[link]),
                                   static_cast<std::uint16_t>(1 + input.below(3)), now_);
                told = {.routes = {}, .catalogs = {}, .up = true, .begun = false};
                break;
            case 1:
                gossip_.on_link_down(link, now_);
                told = {};
                break;
            case 2:
                if (told.up) {
                    gossip_.on_link_resumed(link, now_);
                    told.begun = false;
                }
                break;
            case 3: {
                std::vector<envelope::CatalogService> services(input.below(3));
                for (std::size_t i = 0; i < services.size(); ++i) {
                    services[i].service.name = "s" + std::to_string(input.below(4));
                    services[i].instance = i;
                }
                gossip_.set_services(services, now_);
                break;
            }
            case 4:
            case 5:
                pass(steps[input.below(steps.size())]);
                break;
            case 6:
                hear(link, input.bytes(input.pair() % 1'024U));
                break;
            case 7:
                if (input.byte() == 255) {
                    gossip_.retract_self(now_);
                }
                break;
            default: {
                base::Bytes body;
                envelope::append_announce(body, made(input, names[link]));
                hear(link, body);
            }
        }
        check_changed();
        take();
        check_machines();
    }

private:
    static gossip::Options small() {
        gossip::Options options;
        options.max_machines = max_machines;
        return options;
    }

    void hear(LinkId link, base::ByteView body) {
        if (!told_[link].up) {
            return;  // whoever has no link isn't heard
        }
        gossip_.on_announce(link, body, now_);
    }

    static Announce made(Input& input, std::string_view sender) {
        Announce announce;
        announce.machine_id = sender;
        announce.incarnation = 1;
        const std::uint8_t flags = input.byte();
        announce.full = (flags & 1U) != 0;
        announce.more = (flags & 2U) != 0;
        announce.want_full = (flags & 4U) != 0;
        announce.digest = (flags & 8U) != 0 ? input.byte() : 0;
        for (std::size_t i = 0; i < ((flags >> 4U) & 3U); ++i) {
            const std::uint16_t cost = input.byte();
            announce.routes.push_back({.machine_id = some_name(input),
                                       .sequence = number(input),
                                       .cost = cost > 200 ? envelope::infinity : cost,
                                       .hops = static_cast<std::uint16_t>(input.below(4))});
        }
        for (std::size_t i = 0; i < ((flags >> 6U) & 1U); ++i) {
            envelope::Catalog& catalog = announce.catalogs.emplace_back();
            catalog.machine_id = some_name(input);
            catalog.incarnation = number(input);
            catalog.revision = input.byte();
            catalog.services.resize(input.below(3));
            for (envelope::CatalogService& service : catalog.services) {
                service.service.name = "t" + std::to_string(input.below(4));
            }
            catalog.raw = envelope::make_catalog_raw(catalog);
        }
        for (std::size_t i = 0; i < (flags >> 7U); ++i) {
            announce.requests.push_back({.machine_id = some_name(input),
                                         .sequence = number(input),
                                         .hops_left = input.byte()});
        }
        return announce;
    }

    // Of few, or one of many.
    static std::string some_name(Input& input) {
        const std::size_t choice = input.byte();
        return choice < 200 ? std::string(names[choice % names.size()])
                            : "z" + std::to_string(choice % 16);
    }

    // Small ones, jumps, and the greatest there are.
    static std::uint64_t number(Input& input) {
        const std::size_t choice = input.byte();
        if (choice < 200) {
            return choice % 20;
        }
        return choice < 230 ? 1'000 + choice : ~std::uint64_t{0} >> (choice - 230U);
    }

    void pass(base::Duration time) {
        const base::Instant end = std::min(now_ + time, last_);
        for (std::size_t turns = 0; now_ < end; ++turns) {
            ensure(turns < 100'000, "time passes");
            const base::Instant next = gossip_.next_deadline();
            now_ = std::clamp(next, now_, end);
            gossip_.on_deadline(now_);
            check_changed();
            take();
            ensure(gossip_.next_deadline() > now_, "a deadline that was met is over");
            check_machines();
        }
    }

    // What was said reaches the neighbours at once.
    void take() {
        for (const Gossip::Outgoing& outgoing : gossip_.take_outgoing()) {
            Told& told = told_[outgoing.link];
            ensure(told.up, "nothing is said to who has no link");
            const base::Result<Announce> said = envelope::read_announce(outgoing.body);
            ensure(said.has_value() && said->machine_id == "m", "what it says can be read");
            ensure(outgoing.body.size() <= (std::size_t{9} << 20U), "and is bounded");
            ensure(said->full || told.begun, "the first is a full one");
            told.begun = true;
            hear(told, *said);
        }
        gossip_.take_reports();
    }

    void hear(Told& told, const Announce& said) {
        if (said.full) {
            told.routes.clear();
            told.catalogs.clear();
        }
        for (const envelope::RouteEntry& route : said.routes) {
            if (route.cost == envelope::infinity) {
                ensure(told.routes.erase(route.machine_id) == 1,
                       "only what was announced is retracted");
                told.catalogs.erase(route.machine_id);
                continue;
            }
            told.routes[route.machine_id] = envelope::route_digest(route);
            Best& best = best_[route.machine_id];
            if (!best.better_than(route.sequence, route.cost)) {
                best = {route.sequence, route.cost};
            }
        }
        for (const envelope::Catalog& catalog : said.catalogs) {
            ensure(told.routes.contains(catalog.machine_id),
                   "a catalog travels with its machine's route");
            told.catalogs[catalog.machine_id] =
                envelope::catalog_digest(catalog.machine_id, catalog.incarnation, catalog.revision);
        }
        ensure(said.more || said.digest == told.sum(), "the digest is the sum of what was said");
    }

    void check_changed() {
        const std::vector<std::string>& changed = gossip_.changed();
        const std::set<std::string> once(changed.begin(), changed.end());
        ensure(once.size() == changed.size(), "each changed machine is listed once");
        std::map<std::string, LinkId> selected;
        gossip_.for_each_selected([&](std::string_view machine, const gossip::LearnedRoute& route) {
            selected.emplace(machine, route.link);
        });
        for (const auto& [machine, link] : selected) {
            const auto before = selected_.find(machine);
            ensure((before != selected_.end() && before->second == link) || once.contains(machine),
                   "a route that changed is listed as changed");
        }
        for (const auto& [machine, link] : selected_) {
            ensure(selected.contains(machine) || once.contains(machine),
                   "a route that is lost is listed as changed");
        }
        selected_ = std::move(selected);
    }

    void check_machines() const {
        ensure(gossip_.known_machines() <= max_machines, "machines are bounded");
        std::string_view previous;
        for (const Gossip::MachineView& machine : gossip_.machines()) {
            ensure(previous < machine.machine, "machines are in order of name, each once");
            previous = machine.machine;
            std::set<LinkId> links;
            for (const gossip::LearnedRoute& route : machine.routes) {
                ensure(told_.at(route.link).up, "routes go over links that are up");
                ensure(links.insert(route.link).second, "and one over each");
                ensure(route.cost > route.announced_cost && route.cost < envelope::infinity,
                       "every link adds to the cost");
            }
            if (const gossip::LearnedRoute* selected = machine.selected) {
                ensure(machine.machine != "m", "there is no way to oneself");
                const auto best = best_.find(std::string(machine.machine));
                ensure(best == best_.end() ||
                           !best->second.better_than(selected->sequence, selected->announced_cost),
                       "only what is better than all that was announced is selected");
            }
        }
        for (const Gossip::LinkView& link : gossip_.links()) {
            ensure(told_.at(link.link).up, "links are up");
        }
    }

    Gossip gossip_;
    base::Instant now_{std::chrono::seconds(1'000)};
    // Distances are forgotten ten minutes after the last route; Best isn't.
    base::Instant last_ = now_ + std::chrono::seconds(590);
    std::map<LinkId, Told> told_;
    std::map<std::string, Best> best_;
    std::map<std::string, LinkId> selected_;
};

}  // namespace

void gossip(base::ByteView bytes) {
    Input input(bytes);
    Live live;
    for (std::size_t turns = 0; turns < 400 && !input.empty(); ++turns) {
        live.step(input);
    }
}

}  // namespace jetway::fuzz
