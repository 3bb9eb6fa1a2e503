#include "router/route_table.h"

#include <algorithm>
#include <map>

namespace jetway::router {

using envelope::CatalogService;
using envelope::Health;

RouteTable::RouteTable(const std::string& self) {
    machines_.push_back({.name = self, .self = true, .next = 0, .cost = 0, .awaited = false});
    machine_index_.emplace(self, 0);
}

const MachineEntry* RouteTable::machine(std::string_view name) const {
    const auto found = machine_index_.find(name);
    return found == machine_index_.end() ? nullptr : &machines_[found->second];
}

const ServiceEntry* RouteTable::service(std::string_view name) const {
    const auto found = services_.find(name);
    return found == services_.end() ? nullptr : &found->second;
}

ServiceEntry& RouteTable::entry(const std::string& name, const RouteTable& previous) {
    const auto [at, fresh] = services_.try_emplace(name);
    if (fresh) {
        at->second.name = name;
        const ServiceEntry* before = previous.service(name);
        at->second.turn = before != nullptr ? before->turn : std::make_shared<std::uint32_t>(0);
    }
    return at->second;
}

void RouteTable::add_services(const std::vector<CatalogService>& services, std::uint32_t machine,
                              const RouteTable& previous) {
    const MachineEntry& at = machines_[machine];
    for (const CatalogService& offered : services) {
        if (!at.reachable() && !at.awaited) {
            continue;
        }
        ServiceEntry& service = entry(offered.service.name, previous);
        service.listed = true;
        service.listed_here = service.listed_here || at.self;
        if (!offered.policy.empty()) {
            hear_policy(service, offered, at);
        }
        const bool for_its_policy = offered.health == Health::detached && !offered.policy.empty();
        service.ninep = service.ninep || !offered.ninep.empty();
        service.envelopes = service.envelopes || (offered.ninep.empty() && !for_its_policy);
        if (offered.health == Health::up && offered.ninep.empty()) {
            (at.reachable() ? service.nearest : service.awaited).push_back(machine);
        }
    }
}

// The highest revision holds; of two with the same, the machine whose name is the smaller.
void RouteTable::hear_policy(ServiceEntry& service, const CatalogService& offered,
                             const MachineEntry& at) {
    const bool holds =
        offered.policy_revision > service.policy_revision ||
        (offered.policy_revision == service.policy_revision && at.name < service.policy_machine);
    const base::Result<balance::Policy> policy = balance::parse_policy(offered.policy);
    if (holds && policy && offered.policy_revision > 0) {  // not a later version's, unknown here
        service.policy = *policy;
        service.policy_revision = offered.policy_revision;
        service.policy_machine = at.name;
    }
}

// `nearest` holds every reachable instance so far: the machines go to `reachable`, and those at the
// least cost stay, mixed so that turns alternate between machines before they repeat one.
void RouteTable::sort_candidates() {
    for (auto& [name, service] : services_) {
        std::vector<std::uint32_t>& all = service.nearest;
        std::stable_sort(all.begin(), all.end(), [this](std::uint32_t a, std::uint32_t b) {
            return machines_[a].cost < machines_[b].cost;
        });
        std::vector<std::pair<std::size_t, std::uint32_t>> rounds;  // how many before it, machine
        for (const std::uint32_t machine : all) {
            const bool first = std::find(service.reachable.begin(), service.reachable.end(),
                                         machine) == service.reachable.end();
            if (first) {
                service.reachable.push_back(machine);
            }
            if (machines_[machine].cost == machines_[all.front()].cost) {
                const bool again = !rounds.empty() && rounds.back().second == machine;
                rounds.emplace_back(again ? rounds.back().first + 1 : 0, machine);
            }
        }
        std::stable_sort(rounds.begin(), rounds.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        all.clear();
        for (const auto& [round, machine] : rounds) {
            all.push_back(machine);
        }
    }
}

// The default where nothing was said; and what is remembered of a service carries on. Returns
// whether any service has a policy to choose by.
bool RouteTable::settle_policies(const RouteTable& previous) {
    bool balanced = false;
    for (auto& [name, service] : services_) {
        if (service.policy_revision == 0 && service.ninep && !service.envelopes) {
            service.policy.kind = balance::Policy::Kind::round_robin;
        }
        if (service.policy.kind == balance::Policy::Kind::nearest || !service.envelopes) {
            continue;
        }
        const ServiceEntry* before = previous.service(name);
        service.balancing = before != nullptr ? before->balancing : nullptr;
        if (service.balancing == nullptr) {
            service.balancing = std::make_shared<ServiceBalance>(
                service.policy, base::Random(balance::instance_id(self().name, name)));
        }
        service.balancing->among.set_policy(service.policy);
        service.balancing->here.set_policy(service.policy);
        balanced = true;
    }
    return balanced;
}

// The instances of services that have a policy to choose by.
void RouteTable::add_instances(const std::vector<CatalogService>& services, std::uint32_t machine) {
    const MachineEntry& at = machines_[machine];
    if (!at.reachable()) {
        return;
    }
    std::map<ServiceEntry*, std::uint32_t> counts;
    const auto each = [&](const auto& visit) {
        for (const CatalogService& offered : services) {
            ServiceEntry& service = services_.find(offered.service.name)->second;
            if (service.balancing != nullptr && offered.health == Health::up &&
                offered.ninep.empty()) {
                visit(service, offered);
            }
        }
    };
    each([&](ServiceEntry& service, const CatalogService&) { ++counts[&service]; });
    each([&](ServiceEntry& service, const CatalogService& offered) {
        service.instances.push_back(
            {.id = balance::instance_id(at.name, std::to_string(offered.instance)),
             .weight = offered.service.weight,
             .cost = at.cost});
        service.places.push_back({.machine = machine, .beside = counts[&service]});
    });
}

std::unique_ptr<const RouteTable> RouteTable::build(const gossip::Gossip& gossip,
                                                    const Attachments& attachments,
                                                    const std::string& self,
                                                    const RouteTable& previous) {
    std::unique_ptr<RouteTable> table(new RouteTable());
    const std::vector<gossip::Gossip::MachineView> views = gossip.machines();
    table->machines_.reserve(views.size());
    for (const auto& view : views) {
        const bool ours = view.machine == self;
        const bool routed = !ours && view.selected != nullptr;
        table->self_ = ours ? table->machines_.size() : table->self_;
        table->machine_index_.emplace(view.machine, table->machines_.size());
        table->machines_.push_back({.name = std::string(view.machine),
                                    .self = ours,
                                    .next = routed ? view.selected->link : 0,
                                    .cost = ours     ? std::uint16_t{0}
                                            : routed ? view.selected->cost
                                                     : envelope::infinity,
                                    .awaited = view.awaited});
    }
    for (std::uint32_t i = 0; i < views.size(); ++i) {
        if (views[i].catalog != nullptr) {
            table->add_services(views[i].catalog->services, i, previous);
        }
    }
    const bool balanced = table->settle_policies(previous);
    for (std::uint32_t i = 0; balanced && i < views.size(); ++i) {
        if (views[i].catalog != nullptr) {
            table->add_instances(views[i].catalog->services, i);
        }
    }
    for (const auto& [name, instances] : attachments.instances()) {
        ServiceEntry& service = table->entry(name, previous);
        for (const Instance& instance : instances) {
            service.here.push_back(instance.terminal);
            if (service.balancing != nullptr) {
                service.instances_here.push_back(
                    {.id = balance::instance_id(self, std::to_string(instance.number)),
                     .weight = instance.service.weight});
            }
        }
    }
    table->sort_candidates();
    return table;
}

}  // namespace jetway::router
