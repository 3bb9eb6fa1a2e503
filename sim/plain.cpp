#include "sim/plain.h"

#include <memory>

#include "envelope/packer.h"

namespace jetway::sim {

Plain::Plain(const Topology& topology, base::Duration interval, std::uint64_t seed)
    : topology_(topology),
      interval_(interval),
      links_of_(topology.machines.size()),
      tables_(topology.machines.size()),
      link_up_(topology.links.size(), true),
      machine_up_(topology.machines.size(), true) {
    base::Random random(seed);
    for (std::size_t i = 0; i < topology.links.size(); ++i) {
        links_of_[topology.links[i].a].push_back(i);
        links_of_[topology.links[i].b].push_back(i);
    }
    for (MachineId machine = 0; machine < topology.machines.size(); ++machine) {
        for (const std::string& service : topology.machines[machine].services) {
            tables_[machine][service] = {
                .link = 0, .own = true, .machine = topology.machines[machine].name, .hops = 0};
        }
        queue_.push({.at = now_ + base::Duration(
                                      random.below(static_cast<std::uint64_t>(interval.count()))),
                     .number = ++numbers_,
                     .machine = machine,
                     .link = 0,
                     .message = nullptr});
    }
}

bool Plain::carries(std::size_t link) const {
    const Link& of = topology_.links[link];
    return link_up_[link] && machine_up_[of.a] && machine_up_[of.b];
}

void Plain::run_until(base::Instant until) {
    while (!queue_.empty() && queue_.top().at <= until) {
        const Event event = queue_.top();
        queue_.pop();
        now_ = event.at;
        if (event.message) {
            if (carries(event.link)) {
                hear(event.machine, event.link, *event.message);
            }
            continue;
        }
        if (machine_up_[event.machine]) {
            announce(event.machine);
        }
        queue_.push({.at = now_ + interval_,
                     .number = ++numbers_,
                     .machine = event.machine,
                     .link = 0,
                     .message = nullptr});
    }
    now_ = until;
}

void Plain::announce(MachineId from) {
    auto message = std::make_shared<Message>();
    message->machine = topology_.machines[from].name;
    for (const auto& [service, route] : tables_[from]) {
        if (route.own) {
            message->services.push_back(service);
        } else {
            message->routes.emplace_back(service, route.machine, route.hops);
        }
    }
    base::Bytes packed;
    envelope::Packer packer(packed);
    packer.map(5)
        .text("type")
        .text("service-announcement")
        .text("machineId")
        .text(message->machine);
    packer.text("services").array(message->services.size());
    for (const std::string& service : message->services) {
        packer.text(service);
    }
    packer.text("routes").array(message->routes.size());
    for (const auto& [service, machine, hops] : message->routes) {
        packer.map(3)
            .text("serviceName")
            .text(service)
            .text("machineId")
            .text(machine)
            .text("hops")
            .number(hops);
    }
    packer.text("hops").number(0);
    for (const std::size_t link : links_of_[from]) {
        if (carries(link)) {
            bytes_ += packed.size();
            queue_.push({.at = now_ + topology_.links[link].latency,
                         .number = ++numbers_,
                         .machine = topology_.links[link].other(from),
                         .link = link,
                         .message = message});
        }
    }
}

void Plain::learn(MachineId at, const std::string& service, Route route, bool always) {
    Table& table = tables_[at];
    const auto known = table.find(service);
    if (known != table.end() &&
        (known->second.own || (!always && route.hops >= known->second.hops))) {
        return;
    }
    if (known == table.end() || known->second.link != route.link ||
        known->second.hops != route.hops) {
        last_change_ = now_;
    }
    table[service] = std::move(route);
}

void Plain::hear(MachineId at, std::size_t link, const Message& message) {
    for (const std::string& service : message.services) {
        learn(at, service, {.link = link, .own = false, .machine = message.machine, .hops = 1},
              true);
    }
    for (const auto& [service, machine, hops] : message.routes) {
        learn(at, service, {.link = link, .own = false, .machine = machine, .hops = hops + 1},
              false);
    }
}

std::vector<bool> Plain::reachable_from(MachineId from) const {
    std::vector<bool> seen(topology_.machines.size());
    std::vector<MachineId> next = {from};
    seen[from] = true;
    while (!next.empty()) {
        const MachineId at = next.back();
        next.pop_back();
        for (const std::size_t link : links_of_[at]) {
            const MachineId other = topology_.links[link].other(at);
            if (carries(link) && !seen[other]) {
                seen[other] = true;
                next.push_back(other);
            }
        }
    }
    return seen;
}

Plain::Verdict Plain::verdict() const {
    Verdict verdict;
    for (MachineId from = 0; from < tables_.size(); ++from) {
        if (!machine_up_[from]) {
            continue;
        }
        const std::vector<bool> reachable = reachable_from(from);
        for (MachineId owner = 0; owner < tables_.size(); ++owner) {
            for (const std::string& service : topology_.machines[owner].services) {
                if (owner == from) {
                    continue;
                }
                if (!reachable[owner]) {
                    ++verdict.unreachable;
                    continue;
                }
                MachineId at = from;
                std::size_t steps = 0;
                for (; steps <= tables_.size(); ++steps) {
                    const auto route = tables_[at].find(service);
                    if (route == tables_[at].end() || route->second.own ||
                        !carries(route->second.link)) {
                        break;
                    }
                    at = topology_.links[route->second.link].other(at);
                }
                const auto last = tables_[at].find(service);
                if (steps > tables_.size()) {
                    ++verdict.loops;
                } else if (last != tables_[at].end() && last->second.own) {
                    ++verdict.delivered;
                } else {
                    ++verdict.black_holes;
                }
            }
        }
    }
    return verdict;
}

}  // namespace jetway::sim
