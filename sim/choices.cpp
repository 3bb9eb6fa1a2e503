#include "sim/choices.h"

#include "envelope/address.h"
#include "envelope/envelope.h"
#include "sim/service.h"

namespace jetway::sim {

void Choices::came(const World& world, HostId host, const envelope::Frame& frame) {
    const std::uint64_t number = number_of(frame);
    envelope::EnvelopeView view;
    if (number == 0 || envelope::read_envelope(frame.body, view) != nullptr ||
        !envelope::valid_name(view.destination) || envelope::reserved_name(view.destination)) {
        return;
    }
    Known known{.host = host,
                .life = world.host(host).life,
                .service = std::string(view.destination),
                .machines = {}};
    for (const auto& machine : world.host(host).router->gossip().machines()) {
        if (machine.catalog == nullptr ||
            (machine.selected == nullptr && machine.machine != world.host(host).name)) {
            continue;
        }
        for (const envelope::CatalogService& entry : machine.catalog->services) {
            if (entry.service.name == view.destination && entry.ninep.empty() &&
                entry.health == envelope::Health::up) {
                known.machines.emplace(machine.machine);
            }
        }
    }
    known_.insert_or_assign(number, std::move(known));
}

std::string Choices::left(const World& world, HostId host, const envelope::Frame& frame) {
    const auto found = known_.find(number_of(frame));
    if (found == known_.end() || found->second.host != host ||
        found->second.life != world.host(host).life) {
        return {};
    }
    const Known known = std::move(found->second);
    const std::uint64_t number = found->first;
    known_.erase(found);
    const std::string_view to =
        frame.pin.empty() ? std::string_view(world.host(host).name) : frame.pin;
    // Where it knew of none it waited for a route; and what a dead link gave back is bound anew.
    if (known.machines.empty() || (frame.flags & envelope::flag::possible_duplicate) != 0) {
        return {};
    }
    ++checked_;
    if (known.machines.contains(to)) {
        return {};
    }
    return "envelope " + std::to_string(number) + " to " + known.service + " was bound to " +
           std::string(to) + ", where " + world.host(host).name + " knew of no instance that is up";
}

}  // namespace jetway::sim
