#include "sim/plan.h"

#include <algorithm>
#include <array>

namespace jetway::sim {

namespace {

using std::chrono::milliseconds;

void draw_links(Topology& topology, base::Random& random) {
    const bool costs = random.below(3) == 0;
    const bool one_sided = random.below(4) == 0;
    const std::uint64_t latency = random.below(3) == 0 ? 30'000 : 1'000;
    for (Link& link : topology.links) {
        link.latency = std::chrono::microseconds(50 + random.below(latency));
        link.jitter = std::chrono::microseconds(random.below(2) == 0 ? 0 : random.below(latency));
        link.bandwidth = random.below(6) == 0 ? 20'000 + random.below(1'000'000) : 0;
        if (costs) {
            link.cost_at_a = static_cast<std::uint16_t>(1 + random.below(10));
            link.cost_at_b = random.below(3) == 0 ? static_cast<std::uint16_t>(1 + random.below(10))
                                                  : link.cost_at_a;
        }
        if (one_sided && random.below(2) == 0) {
            (random.below(2) == 0 ? link.a_dials : link.b_dials) = false;
        }
    }
}

void draw_options(router::Options& options, base::Random& random) {
    options.gossip.interval = milliseconds(1000 + random.below(4001));
    options.gossip.min_interval = milliseconds(random.below(4) == 0 ? random.below(100) : 20);
    // Most meshes have room, in some a queue is soon long, and in some it is soon full.
    const std::array<std::size_t, 6> queues = {2'000 + random.below(60'000),
                                               200'000 + random.below(400'000),
                                               8U << 20U,
                                               8U << 20U,
                                               8U << 20U,
                                               8U << 20U};
    options.terminal.queue = queues[random.below(6)];
    options.hop_limit = static_cast<std::uint8_t>(random.below(6) == 0 ? 2 + random.below(6) : 32);
    options.history = 100;
}

// Some runs have no fault of any kind, and some of one kind only.
void draw_kinds(std::vector<Fault>& kinds, base::Random& random) {
    if (random.below(10) == 0) {
        return;
    }
    const bool single = random.below(3) == 0;
    const std::size_t only = random.below(fault_names.size());
    for (std::size_t i = 0; i < fault_names.size(); ++i) {
        const bool rare = i >= static_cast<std::size_t>(Fault::twin);  // they hide what else is
        if (single ? i == only : random.below(rare ? 10 : 2) == 0) {
            kinds.push_back(static_cast<Fault>(i));
        }
    }
}

void draw_balancing(Plan& plan, base::Random& policies) {
    router::Options& options = plan.options;
    for (const Machine& machine : plan.topology.machines) {
        for (const std::string& service : machine.services) {
            if (!plan.topology.policies.contains(service) && policies.below(3) != 0) {
                plan.topology.policies.emplace(service, any_policy(policies));
            }
        }
    }
    // Queues may be short, but a full announcement must fit, and policies make it longer: by 64
    // bytes for each entry, and 100 for each that is there for its policy alone.
    for (const Machine& machine : plan.topology.machines) {
        options.terminal.queue += 64 * machine.services.size();
    }
    options.terminal.queue += 500;
    plan.answers = policies.below(2) == 0;
    options.balance.probe_interval = milliseconds(300 + policies.below(5'000));
    options.balance.probe_timeout = milliseconds(200 + policies.below(2'000));
    options.balance.request_timeout = milliseconds(500 + policies.below(30'000));
}

}  // namespace

bool Plan::has(Fault fault) const {
    return std::find(kinds.begin(), kinds.end(), fault) != kinds.end();
}

balance::Policy any_policy(base::Random& policies) {
    static constexpr std::array<std::string_view, 7> all = {
        "round-robin",   "least-conn",        "random", "weighted", "nearest",
        "sticky source", "sticky header:none"};
    return *balance::parse_policy(all[policies.below(all.size())]);
}

Plan draw_plan(base::Random& random, base::Random& policies, std::size_t least, std::size_t most) {
    Plan plan;
    const std::size_t span = most - least + 1;
    // Small meshes are run more often: most faults show in them, and sooner.
    const std::size_t machines = least + std::min(random.below(span), random.below(span));
    static constexpr std::array<std::string_view, 7> shapes = {
        "line", "ring", "mesh", "star", "grid", "random", "scale-free"};
    const std::string_view shape =
        shapes[machines > 12 && random.below(4) != 0 ? 5 + random.below(2) : random.below(7)];
    plan.topology = *make_topology(shape, machines, random);
    plan.topology.deal_services(1 + random.below(machines), 1 + random.below(3));
    draw_links(plan.topology, random);
    draw_options(plan.options, random);
    plan.traffic = random.below(2) == 0;
    draw_kinds(plan.kinds, random);
    draw_balancing(plan, policies);
    plan.what = std::string(shape) + " of " + std::to_string(machines) + ", " +
                std::to_string(plan.topology.links.size()) + " links";
    for (const Fault fault : plan.kinds) {
        plan.what += (fault == plan.kinds.front() ? "; " : ", ") +
                     std::string(fault_names[static_cast<std::size_t>(fault)]);
    }
    return plan;
}

}  // namespace jetway::sim
