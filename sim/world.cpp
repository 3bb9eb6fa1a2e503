#include "sim/world.h"

#include <utility>

#include "base/ensure.h"

namespace jetway::sim {

World::World(Topology topology, router::Options options, std::uint64_t seed)
    : topology_(std::move(topology)),
      options_(std::move(options)),
      random_(seed),
      states_(topology_.links.size()),
      by_link_(topology_.links.size()),
      observer_(&nobody_) {
    connections_.push_back(nullptr);  // 0 is no connection
    for (const Machine& machine : topology_.machines) {
        add_host(machine.name);
    }
    for (Link& link : topology_.links) {
        link.cost_at_a = link.a_dials ? link.cost_at_a : std::uint16_t{1};
        link.cost_at_b = link.b_dials ? link.cost_at_b : std::uint16_t{1};
    }
    for (HostId id = 0; id < hosts(); ++id) {
        configure(id);
    }
}

Host& World::add_host(const std::string& name) {
    hosts_.push_back(std::make_unique<Host>());
    Host& host = *hosts_.back();
    host.name = name;
    host.options = options_;
    host.options.machine = name;
    return host;
}

// Gives a host its services and links, as a deployment would.
void World::configure(HostId id) {
    Host& host = *hosts_[id];
    host.options.services.clear();
    for (const std::string& service : topology_.machines[id].services) {
        host.options.services.push_back({.name = service, .capabilities = {}, .version = {}});
        const auto policy = topology_.policies.find(service);
        if (policy != topology_.policies.end()) {
            host.options.services.back().policy = policy->second;
        }
    }
    for (std::size_t i = 0; i < topology_.links.size(); ++i) {
        const Link& link = topology_.links[i];
        if ((link.a == id && link.a_dials) || (link.b == id && link.b_dials)) {
            const std::string& peer = hosts_[link.other(id)]->name;
            host.options.links.push_back({.name = "to-" + peer,
                                          .peer = peer,
                                          .cost = link.a == id ? link.cost_at_a : link.cost_at_b});
            host.links.push_back(i);
        }
    }
}

HostId World::add_twin(HostId twin, HostId at) {
    const auto id = static_cast<HostId>(hosts());
    topology_.machines.push_back({.name = host(twin).name, .services = {}});
    topology_.links.push_back(
        {.a = id, .b = at, .cost_at_a = 1, .cost_at_b = 1, .a_dials = true, .b_dials = false});
    states_.emplace_back();
    by_link_.emplace_back();
    add_host(host(twin).name);
    configure(id);
    return id;
}

void World::add(base::Instant when, What what, std::uint32_t a, std::uint32_t b, std::uint8_t end,
                std::uint64_t extra) {
    queue_.push({.at = std::max(when, now_),
                 .number = ++numbers_,
                 .what = what,
                 .end = end,
                 .a = a,
                 .b = b,
                 .extra = extra});
}

void World::at(base::Instant when, std::function<void()> action) {
    add(when, What::action, 0, 0, 0, numbers_ + 1);
    actions_.emplace(numbers_, std::move(action));
}

void World::story(const std::string& line) {
    if (observer_->tracing()) {
        observer_->on_story(*this, line);
    }
}

void World::start(HostId id, std::uint64_t incarnation) {
    Host& host = *hosts_[id];
    ensure(!host.router, "a router that runs isn't started");
    story(host.name + " starts, incarnation " + std::to_string(incarnation));
    ++host.life;
    host.armed = base::never;
    host.paused_until = {};
    host.options.incarnation = incarnation;
    host.router = std::make_unique<router::Router>(host.options, base::Random(random_.next()), now_,
                                                   [] { return router::ProcessFigures{}; });
    host.router->watch(
        [this, id](std::string_view machine) { observer_->on_changed(*this, id, machine); });
    turn(id);
}

void World::ask(HostId id, const router::ControlRequest& request) {
    if (!runs(id)) {
        return;
    }
    router::Arrival itself;
    itself.in_process = true;
    const bool done = host(id).router->ask(request, itself, now_).has_value();
    story(host(id).name + (done ? " is asked for " : " refuses ") + request.name);
    turn(id);
}

// Its ends of connections are gone; `tell`: those at the other ends learn of it.
void World::let_go(HostId id, bool tell) {
    Host& host = *hosts_[id];
    for (const auto& [terminal, connection_id] : std::exchange(host.connections, {})) {
        Connection& connection = *connections_[connection_id];
        const std::uint8_t end =
            connection.ends[0].host == id && connection.ends[0].terminal == terminal ? 0 : 1;
        if (tell) {
            close_end(connection_id, end);
        } else {
            connection.ends[end].terminal = 0;
        }
    }
}

void World::crash(HostId id, bool silent) {
    story(host(id).name + (silent ? " loses its power" : " is killed"));
    hosts_[id]->router.reset();
    let_go(id, !silent);
}

void World::stop(HostId id) {
    Host& host = *hosts_[id];
    if (!host.router) {
        return;
    }
    story(host.name + " shuts down");
    host.router->begin_shutdown(now_);
    turn(id);
    host.router->end_shutdown(now_);
    turn(id);
    host.router.reset();
    let_go(id, true);
}

void World::pause(HostId id, base::Duration duration) {
    story(host(id).name + " pauses");
    hosts_[id]->paused_until = now_ + duration;
}

std::optional<HostId> World::connected_to(HostId id, TerminalId terminal) const {
    const auto found = host(id).connections.find(terminal);
    if (found == host(id).connections.end()) {
        return std::nullopt;
    }
    const Connection& connection = *connections_[found->second];
    const End& other = connection.ends[0].host == id && connection.ends[0].terminal == terminal
                           ? connection.ends[1]
                           : connection.ends[0];
    return !connection.broken && other.actor == nullptr && other.terminal != 0
               ? std::optional(other.host)
               : std::nullopt;
}

// A link that is suspended still leads somewhere: what is sent over it arrives once it is resumed.
std::optional<HostId> World::neighbour(HostId id, gossip::LinkId link) const {
    const router::Neighbour* ours =
        host(id).router ? host(id).router->neighbours().find(link) : nullptr;
    if (ours == nullptr) {
        return std::nullopt;
    }
    if (!ours->suspended()) {
        if (const std::optional<HostId> other = connected_to(id, ours->terminal)) {
            return other;
        }
    }
    for (const Link& over : topology_.links) {
        if (over.a != id && over.b != id) {
            continue;
        }
        const HostId other = over.other(id);
        const router::Neighbour* theirs = host(other).name == ours->machine && host(other).router
                                              ? host(other).router->neighbours().to(host(id).name)
                                              : nullptr;
        if (theirs != nullptr && theirs->session.numbered() &&
            theirs->session.id() == ours->session.id() &&
            host(other).router->options().incarnation == ours->incarnation) {
            return other;
        }
    }
    return std::nullopt;
}

bool World::postponed(const Event& event) {
    HostId id = event.a;
    if (event.what == What::arrival) {
        const Connection* connection = connections_[event.a].get();
        if (connection == nullptr || connection->ends[event.end].actor != nullptr) {
            return false;
        }
        id = connection->ends[event.end].host;
    } else if (event.what == What::action || event.what == What::flush) {
        return false;
    }
    Host& host = *hosts_[id];
    if (!host.router || host.paused_until <= now_) {
        return false;
    }
    if (event.what == What::deadline) {
        if (event.at != host.armed) {
            return true;
        }
        host.armed = host.paused_until;
    }
    add(host.paused_until, event.what, event.a, event.b, event.end, event.extra);
    return true;
}

bool World::step() {
    if (queue_.empty()) {
        return false;
    }
    const Event event = queue_.top();
    queue_.pop();
    now_ = event.at;
    if (postponed(event)) {
        return true;
    }
    ++events_;
    note(static_cast<std::uint64_t>(event.at.time_since_epoch().count()));
    note((static_cast<std::uint64_t>(event.what) << 56U) ^ (std::uint64_t{event.a} << 8U) ^
         event.end);
    switch (event.what) {
        case What::arrival:
            deliver(event.a, event.end);
            break;
        case What::deadline: {
            Host& host = *hosts_[event.a];
            if (host.router && host.armed == event.at && host.life == event.b) {
                host.armed = base::never;
                host.router->on_deadline(now_);
                turn(event.a);
            }
            break;
        }
        case What::dial:
            on_dial(event.a, event.b, static_cast<std::size_t>(event.extra));
            break;
        case What::flush:
            if (hosts_[event.a]->router && hosts_[event.a]->life == event.b) {
                flush(event.a, static_cast<TerminalId>(event.extra));
            }
            break;
        case What::action: {
            const auto found = actions_.find(event.extra);
            const std::function<void()> action = std::move(found->second);
            actions_.erase(found);
            action();
            break;
        }
    }
    return true;
}

void World::run_until(base::Instant until) {
    while (!queue_.empty() && queue_.top().at <= until) {
        step();
    }
    now_ = std::max(now_, until);
}

// What the daemon does at the end of a turn of its loop.
void World::turn(HostId id) {
    Host& host = *hosts_[id];
    for (bool again = true; again && host.router;) {
        host.router->end_turn(now_);
        router::Router::Effects effects = host.router->take_effects();
        for (const base::Report& report : effects.reports) {
            observer_->on_report(*this, id, report);
            if (observer_->tracing()) {
                std::string line = host.name + ": " + report.event;
                for (const auto& [key, value] : report.fields) {
                    line.append(" ").append(key).append("=").append(value);
                }
                story(line);
            }
        }
        for (const std::size_t link : effects.dials) {
            const Link& over = topology_.links[host.links[link]];
            add(now_ + 2 * over.latency, What::dial, id, host.life, 0, link);
        }
        for (const TerminalId terminal : effects.writes) {
            flush(id, terminal);
        }
        for (const router::Forwarder::Pause& pause : effects.pauses) {
            if (pause.pause) {
                host.paused.insert(pause.service);
            } else if (host.paused.erase(pause.service) > 0 &&
                       host.connections.contains(pause.service)) {
                kick(host.connections[pause.service]);
            }
        }
        again = !effects.closes.empty();
        for (const TerminalId terminal : effects.closes) {
            const auto found = host.connections.find(terminal);
            if (found != host.connections.end()) {
                const ConnectionId connection = found->second;
                const Connection& closing = *connections_[connection];
                const bool first =
                    closing.ends[0].host == id && closing.ends[0].terminal == terminal;
                host.connections.erase(found);
                close_end(connection, first ? 0 : 1);
            }
            host.router->on_closed(terminal, "closed", now_);
        }
    }
    arm(id);
    observer_->on_turn(*this, id);
}

void World::arm(HostId id) {
    Host& host = *hosts_[id];
    const base::Instant next = host.router->next_deadline();
    if (next < host.armed) {
        host.armed = std::max(next, now_);
        add(host.armed, What::deadline, id, host.life);
    }
}

void World::on_dial(HostId id, std::uint32_t life, std::size_t link) {
    Host& from = *hosts_[id];
    if (!from.router || from.life != life) {
        return;
    }
    const std::size_t over = from.links[link];
    const LinkState& state = states_[over];
    const HostId to_id = topology_.links[over].other(id);
    Host& to = *hosts_[to_id];
    if (state.stalled[0] || state.stalled[1]) {
        if (!state.cut) {  // nobody answers: it tries on until it is told
            add(now_ + std::chrono::seconds(1), What::dial, id, life, 0, link);
            return;
        }
    }
    if (state.cut || !to.router) {
        from.router->on_dial_failed(
            link, {state.cut ? "EHOSTUNREACH" : "ECONNREFUSED", "nobody answers"}, now_);
        turn(id);
        return;
    }
    const TerminalId theirs = to.router->accepted(
        {.by = router::Entry::network_listener, .peer_address = from.name}, now_);
    const TerminalId ours =
        from.router->dialled(link, {.by = router::Entry::dialled, .peer_address = to.name}, now_);
    if (ours != 0 && theirs != 0) {
        open(over, {.host = id, .terminal = ours}, {.host = to_id, .terminal = theirs});
    } else if (ours != 0) {
        from.router->on_closed(ours, "closed", now_);
    } else if (theirs != 0) {
        to.router->on_closed(theirs, "closed", now_);
    }
    turn(to_id);
    turn(id);
}

}  // namespace jetway::sim
