#include "sim/checker.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "sim/service.h"

namespace jetway::sim {

namespace {

std::string seconds_text(const World& world) {
    const auto microseconds =
        base::to_microseconds(world.now().time_since_epoch()) - std::int64_t{1'000'000'000};
    std::string digits = std::to_string(microseconds % 1'000'000);
    digits.insert(0, 6 - digits.size(), '0');
    return std::to_string(microseconds / 1'000'000) + "." + digits + " s";
}

}  // namespace

void Checker::violate(const World& world, const std::string& what) {
    if (violation_.empty()) {
        violation_ = "at " + seconds_text(world) + ": " + what;
    }
}

void Checker::on_story(World& world, const std::string& line) {
    lines_.push_back(seconds_text(world) + "  " + line);
}

std::uint32_t Checker::number_of_machine(std::string_view name) {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) {
        return found->second;
    }
    const auto number = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(name);
    numbers_.emplace(names_.back(), number);
    return number;
}

void Checker::read_routes(const World& world, HostId host) {
    const gossip::Gossip& gossip = world.host(host).router->gossip();
    Ways& ways = ways_[host];
    ways.version = gossip.selected_version();
    ways.life = world.host(host).life;
    ways.next.assign(ways.next.size(), 0);
    std::size_t at = 0;
    gossip.for_each_selected([&](std::string_view machine, const gossip::LearnedRoute& selected) {
        ways.order.resize(std::max(ways.order.size(), at + 1), 0);
        std::uint32_t& number = ways.order[at++];  // mostly the same as last time
        if (number >= names_.size() || names_[number] != machine) {
            number = number_of_machine(machine);
        }
        if (ways.next.size() <= number) {
            ways.next.resize(number + 1, 0);
        }
        ways.next[number] = selected.link;
    });
}

void Checker::follow(const World& world, HostId from, std::uint32_t machine) {
    HostId at = from;
    std::string way = world.host(from).name;
    for (std::size_t steps = 0; steps <= world.hosts(); ++steps) {
        const std::vector<TerminalId>& next = ways_[at].next;
        const TerminalId terminal = machine < next.size() ? next[machine] : 0;
        const std::optional<HostId> to =
            terminal != 0 ? world.neighbour(at, terminal) : std::nullopt;
        if (!to || !world.host(*to).router || world.host(*to).name == names_[machine]) {
            return;
        }
        ++followed_;
        at = *to;
        if (at == from || steps == world.hosts()) {
            std::string loop = world.host(from).name;
            HostId on = from;
            for (std::size_t i = 0; i <= steps && i < 40; ++i) {
                on = *world.neighbour(on, ways_[on].next[machine]);
                loop += " > " + world.host(on).name;
            }
            violate(world, "a loop for " + names_[machine] + ": " + loop);
            return;
        }
    }
}

void Checker::check_bounds(const World& world, HostId id) {
    const router::Router& router = *world.host(id).router;
    const router::Counters& c = router.forwarder().counters();
    const std::size_t waiting = router.forwarder().waiting();
    if (c.taken() != c.done() + waiting) {
        violate(world, world.host(id).name + ": envelopes are unaccounted for: " +
                           std::to_string(c.received) + " in + " + std::to_string(c.originated) +
                           " made here + " + std::to_string(c.returned) + " returned, but " +
                           std::to_string(c.forwarded) + " forwarded + " +
                           std::to_string(c.delivered) + " delivered + " +
                           std::to_string(c.refused_in_all()) + " refused + " +
                           std::to_string(waiting) + " waiting");
    }
    const router::Options& options = world.host(id).options;
    if (router.gossip().known_machines() > options.gossip.max_machines) {
        violate(world, world.host(id).name + ": more machines than limits.machines");
    }
    if (router.forwarder().holds().waiting_bytes() > options.terminal.held + (1U << 20U)) {
        violate(world, world.host(id).name + ": more than limits.held waits");
    }
    router.connections().for_each([&](const router::Connection& connection) {
        const std::size_t queued = connection.terminal.output().size();
        // One frame of any length into an empty queue, and control frames up to twice the bound.
        if (queued > 2 * options.terminal.queue + options.terminal.max_frame) {
            violate(world, world.host(id).name + ": " + std::to_string(queued) +
                               " bytes queued for " + connection.terminal.name());
        }
    });
}

void Checker::on_turn(World& world, HostId id) {
    if (!violation_.empty() || !world.host(id).router) {
        return;
    }
    check_bounds(world, id);
    if (!options_.loops) {
        return;
    }
    if (ways_.size() < world.hosts()) {
        ways_.resize(world.hosts());
    }
    Ways& ways = ways_[id];
    const bool new_life = ways.life != world.host(id).life;
    if (ways.version == world.host(id).router->gossip().selected_version() && !new_life) {
        ways.said.clear();
        return;
    }
    ++states_;
    if (options_.thorough || new_life) {
        std::vector<TerminalId> before = ways.next;
        read_routes(world, id);
        before.resize(ways.next.size(), 0);
        ways.changes.resize(ways.next.size(), 0);
        for (std::uint32_t machine = 0; machine < ways.next.size(); ++machine) {
            if (before[machine] != ways.next[machine]) {
                if (!new_life && !ways.said.contains(machine)) {
                    violate(world, world.host(id).name + " changed its route to " +
                                       names_[machine] + " and did not say so");
                }
                step_to(world, id, machine);
            }
        }
    } else {
        read_changed(world, id);
    }
    ways.said.clear();
}

void Checker::on_changed(World& world, HostId id, std::string_view machine) {
    if (!options_.loops || !violation_.empty()) {
        return;
    }
    if (ways_.size() < world.hosts()) {
        ways_.resize(world.hosts());
    }
    ways_[id].said.insert(number_of_machine(machine));
}

void Checker::read_changed(const World& world, HostId id) {
    const gossip::Gossip& gossip = world.host(id).router->gossip();
    Ways& ways = ways_[id];
    ways.version = gossip.selected_version();
    ways.next.resize(names_.size(), 0);
    ways.changes.resize(names_.size(), 0);
    std::vector<std::uint32_t> changed;
    for (const std::uint32_t machine : ways.said) {
        const gossip::LearnedRoute* selected = gossip.selected(names_[machine]);
        const TerminalId next = selected != nullptr ? selected->link : 0;
        if (std::exchange(ways.next[machine], next) != next) {
            changed.push_back(machine);
        }
    }
    for (const std::uint32_t machine : changed) {
        step_to(world, id, machine);
    }
}

// The way to a machine is another one now. A loop that is new goes through what has changed.
void Checker::step_to(const World& world, HostId id, std::uint32_t machine) {
    ++ways_[id].changes[machine];
    last_change_ = world.now();
    if (ways_[id].next[machine] != 0) {
        follow(world, id, machine);
    }
}

void Checker::on_envelope(World& world, HostId host, std::optional<HostId> from,
                          const envelope::Frame& frame) {
    if (!violation_.empty()) {
        return;
    }
    if (!from) {
        choices_.came(world, host, frame);
    }
    if (!from || !options_.loops) {
        return;
    }
    const std::uint64_t number = sim::number_of(frame);
    if (number == 0) {
        return;
    }
    Passed& passed = passed_[number];
    if (passed.pin.empty()) {
        passed.pin = frame.pin;
        passed.origin = *from;
    }
    const bool again = (frame.flags & envelope::flag::possible_duplicate) != 0;
    passed.rebound = passed.rebound || again ||
                     passed.pin != frame.pin;  // also the copies of `@*`, each on a way of its own
    // What a link sends again on its next connection has passed it once.
    const std::uint32_t had = passed.came[*from] + (*from == passed.origin ? 1 : 0);
    if (++passed.sent[{*from, host}] > had) {
        return;
    }
    ++passed.came[host];
    const std::uint32_t machine = number_of_machine(frame.pin);
    const auto way_of = [&](HostId of) {
        const bool known = of < ways_.size() && machine < ways_[of].changes.size();
        return std::pair(world.host(of).life, known ? ways_[of].changes[machine] : 0);
    };
    if (passed.routers.contains(host) && !passed.rebound &&
        std::all_of(passed.routers.begin(), passed.routers.end(),
                    [&](const auto& router) { return router.second == way_of(router.first); })) {
        violate(world, "envelope " + std::to_string(number) + " to " + passed.pin + " passes " +
                           world.host(host).name +
                           " twice, and no router on its way had changed it");
    }
    passed.routers[host] = way_of(host);
}

void Checker::on_sent(World& world, HostId host, TerminalId, const envelope::Frame& frame) {
    if (const std::string wrong = choices_.left(world, host, frame); !wrong.empty()) {
        violate(world, wrong);
    }
}

std::vector<std::uint32_t> least_costs(const World& world, HostId from) {
    std::vector<std::vector<std::pair<HostId, std::uint32_t>>> next(world.hosts());
    for (std::size_t i = 0; i < world.topology().links.size(); ++i) {
        const Link& link = world.topology().links[i];
        const LinkState& state = world.link_state(i);
        if (!state.cut && !state.stalled[0] && !state.stalled[1] && world.runs(link.a) &&
            world.runs(link.b)) {
            next[link.a].emplace_back(link.b, link.cost_at_a);
            next[link.b].emplace_back(link.a, link.cost_at_b);
        }
    }
    std::vector<std::uint32_t> costs(world.hosts(), envelope::infinity);
    using Reached = std::pair<std::uint32_t, HostId>;
    std::priority_queue<Reached, std::vector<Reached>, std::greater<>> queue;
    if (world.runs(from)) {
        costs[from] = 0;
        queue.emplace(0, from);
    }
    while (!queue.empty()) {
        const auto [cost, at] = queue.top();
        queue.pop();
        if (cost > costs[at]) {
            continue;
        }
        for (const auto& [to, step] : next[at]) {
            if (cost + step < costs[to]) {
                costs[to] = cost + step;
                queue.emplace(costs[to], to);
            }
        }
    }
    return costs;
}

// What went into a link came out of it.
std::string Checker::unsettled_sessions(const World& world, HostId id) {
    const router::Router& router = *world.host(id).router;
    std::string wrong;
    router.neighbours().for_each([&](const router::Neighbour& ours) {
        const std::optional<HostId> other = world.neighbour(id, ours.id);
        if (!ours.session.numbered() || !other || ignored_.contains(ours.machine)) {
            return;
        }
        const router::Neighbour* theirs =
            world.host(*other).router->neighbours().to(world.host(id).name);
        if (theirs == nullptr || theirs->session.id() != ours.session.id()) {
            wrong = world.host(id).name + " and " + ours.machine + " hold different sessions";
        } else if (theirs->session.received() != ours.session.sent() ||
                   ours.session.kept_bytes() > 0) {
            wrong = world.host(id).name + " sent " + std::to_string(ours.session.sent()) + " to " +
                    ours.machine + ", which received " +
                    std::to_string(theirs->session.received()) + "; " +
                    std::to_string(ours.session.kept_bytes()) + " bytes are not acknowledged";
        }
    });
    return wrong;
}

std::string Checker::unsettled(const World& world) {
    std::map<std::string, HostId, std::less<>> by_name;
    for (HostId id = 0; id < world.hosts(); ++id) {
        if (world.runs(id)) {
            by_name[world.host(id).name] = id;
        }
    }
    for (HostId id = 0; id < world.hosts(); ++id) {
        if (!world.runs(id)) {
            continue;
        }
        const std::string& name = world.host(id).name;
        const std::vector<std::uint32_t> costs = least_costs(world, id);
        std::size_t reached = 0;
        for (const gossip::Gossip::MachineView& machine :
             world.host(id).router->gossip().machines()) {
            if (ignored_.contains(machine.machine) || machine.machine == name) {
                continue;
            }
            const auto found = by_name.find(machine.machine);
            const std::uint32_t least =
                found == by_name.end() ? envelope::infinity : costs[found->second];
            const std::uint32_t cost =
                machine.selected != nullptr ? machine.selected->cost : envelope::infinity;
            if (cost != least) {
                return name + " reaches " + std::string(machine.machine) + " at cost " +
                       std::to_string(cost) + ", the least is " + std::to_string(least);
            }
            if (machine.selected == nullptr) {
                if (machine.awaited) {
                    return name + " waits for a route to " + std::string(machine.machine);
                }
                continue;
            }
            ++reached;
            const auto origin = world.host(found->second).router->gossip().find(machine.machine);
            if (machine.catalog == nullptr || origin->catalog == nullptr ||
                machine.catalog->incarnation != origin->catalog->incarnation ||
                machine.catalog->revision != origin->catalog->revision) {
                return name + " has not the newest catalog of " + std::string(machine.machine);
            }
        }
        const auto reachable = static_cast<std::size_t>(
            std::count_if(by_name.begin(), by_name.end(), [&](const auto& other) {
                return other.second != id && !ignored_.contains(other.first) &&
                       costs[other.second] < envelope::infinity;
            }));
        const router::Holds& holds = world.host(id).router->forwarder().holds();
        if (!holds.empty() || holds.told_in_all() > 0) {
            return name + " still holds " + std::to_string(holds.destinations()) +
                   " destinations, and has told " + std::to_string(holds.told_in_all()) +
                   " to hold";
        }
        bool unhealthy = false;
        world.host(id).router->connections().for_each(
            [&](const router::Connection& connection) { unhealthy |= connection.unhealthy; });
        if (unhealthy) {
            return name + " takes a service for unhealthy that answers";
        }
        // A frame whose kind was damaged is no ENVELOPE, and isn't counted.
        if (const std::string owed = options_.loops ? unsettled_sessions(world, id) : std::string();
            !owed.empty()) {
            return owed;
        }
        if (reached != reachable) {
            return name + " has routes to " + std::to_string(reached) + " machines of " +
                   std::to_string(reachable);
        }
    }
    return {};
}

}  // namespace jetway::sim
