#include "cli/rehearsal.h"

#include <algorithm>

#include "cli/simulated.h"

namespace jetway::cli {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t rehearsal_seed = 1;
constexpr base::Duration look_every = milliseconds(250);

// How long a mesh may take: news goes a hop further every `min_interval` at the latest, and what
// got lost is noticed and asked for again in the other times.
base::Duration patience_for(const config::Deployment& deployment) {
    const router::Options options = simulated_options(deployment);
    const auto machines = static_cast<base::Duration::rep>(deployment.machines.size());
    return std::chrono::seconds(120) + 4 * machines * options.gossip.min_interval +
           4 * (options.gossip.interval + options.gossip.request_timeout +
                options.terminal.dead_after);
}

}  // namespace

Rehearsal::Rehearsal(const config::Deployment& deployment)
    : patience_(patience_for(deployment)),
      checker_({.loops = true, .envelopes = false, .story = false}),
      world_(topology_of(deployment), simulated_options(deployment), rehearsal_seed),
      since_(world_.now()) {
    world_.observe(&checker_);
    for (sim::HostId host = 0; host < world_.hosts(); ++host) {
        world_.start(host, 1000);
    }
}

base::Result<Reach> Rehearsal::settle() {
    base::Instant last = since_;
    std::string missing = "nothing was looked at";
    while (world_.now() < since_ + patience_ && checker_.violation().empty()) {
        world_.run_until(world_.now() + look_every);
        if (checker_.last_change() > last) {
            last = checker_.last_change();
            continue;  // it is still at it
        }
        missing = checker_.unsettled(world_);
        if (missing.empty()) {
            break;
        }
    }
    if (!checker_.violation().empty() || !missing.empty()) {
        return base::Error{"unsettled",
                           checker_.violation().empty() ? missing : checker_.violation()};
    }
    took_ = last - since_;
    return read();
}

void Rehearsal::fail(const Failures& failures) {
    since_ = world_.now();
    for (const std::size_t link : failures.links) {
        world_.cut(link);
    }
    for (const sim::MachineId machine : failures.machines) {
        world_.crash(machine, false);
    }
}

Reach Rehearsal::read() const {
    Reach reach;
    for (sim::HostId id = 0; id < world_.hosts(); ++id) {
        if (!world_.runs(id)) {
            continue;
        }
        const std::string& name = world_.host(id).name;
        const std::vector<std::string>& services = topology().machines[id].services;
        reach.machines.push_back(name);
        reach.services[name].insert(services.begin(), services.end());
        world_.host(id).router->gossip().for_each_selected(
            [&](std::string_view machine, const gossip::LearnedRoute& route) {
                if (const auto next = world_.neighbour(id, route.link)) {
                    reach.ways[{name, std::string(machine)}] = {world_.host(*next).name, route.hops,
                                                                route.cost};
                }
            });
    }
    return reach;
}

}  // namespace jetway::cli
