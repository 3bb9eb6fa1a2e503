// The part of Forwarder that binds: from a destination to the machine that an envelope is pinned
// to.
#include "envelope/address.h"
#include "router/forwarder.h"

namespace jetway::router {

using envelope::Address;
namespace flag = envelope::flag;

// Chooses the machine, as only the first router does, or one that a reroutable frame got stuck at.
void Forwarder::bind(Transit& transit, base::Instant now) {
    const Destination to = look_up(transit);
    const Address& address = to.address;
    if (address.everywhere()) {
        copy_to_all(transit, to, now);
        return;
    }
    if (address.machine.empty()) {
        if (address.service.size() != transit.view.destination.size()) {
            refuse(transit, Refusal::bad_envelope, "`destination` names no machine after its @",
                   now);
            return;
        }
        if (envelope::reserved_name(address.service)) {
            transit.pin = options_.machine;
            deliver_here(transit, to, now);
        } else {
            bind_to_service(transit, to, false, now);
        }
        return;
    }
    transit.flags &= static_cast<std::uint8_t>(~flag::reroutable);
    transit.pin = to.machine != nullptr ? std::string_view(to.machine->name) : address.machine;
    if (to.machine != nullptr && to.machine->self) {
        deliver_here(transit, to, now);
    } else {
        pass_on(transit, to.machine, now);
    }
}

void Forwarder::bind_to_service(Transit& transit, const Destination& to, bool spare_us,
                                base::Instant now) {
    const ServiceEntry* service = to.service;
    if (service == nullptr || !service->listed) {
        const bool well_formed = envelope::valid_address(transit.view.destination);
        refuse(transit, well_formed ? Refusal::no_route : Refusal::bad_envelope,
               well_formed ? "no machine that can be reached lists this service"
                           : "`destination` must be `service`, `service@machine` or `service@*`",
               now);
        return;
    }
    const MachineEntry* chosen = nullptr;
    if (!service->nearest.empty()) {
        const std::uint32_t turn = (*service->turn)++;
        chosen = &table_->machine_at(service->nearest[turn % service->nearest.size()]);
        if (chosen->self && spare_us) {
            chosen = nullptr;
            for (const std::uint32_t other : service->reachable) {
                if (chosen == nullptr && !table_->machine_at(other).self) {
                    chosen = &table_->machine_at(other);
                }
            }
        }
    }
    if (chosen == nullptr && !service->awaited.empty()) {
        chosen = &table_->machine_at(service->awaited.front());
    }
    if (chosen == nullptr) {
        refuse(transit, Refusal::no_instance, "the service is known, but no instance of it is up",
               now);
        return;
    }
    transit.flags |= flag::reroutable;
    transit.pin = chosen->name;
    if (chosen->self) {
        deliver_here(transit, to, now);
    } else {
        pass_on(transit, chosen, now);
    }
}

void Forwarder::copy_to_all(Transit& transit, const Destination& to, base::Instant now) {
    const ServiceEntry* service = to.service;
    if (service == nullptr || !service->listed || service->reachable.empty()) {
        const bool listed = service != nullptr && service->listed;
        refuse(transit, listed ? Refusal::no_instance : Refusal::no_route,
               listed ? "the service is known, but no instance of it is up"
                      : "no machine that can be reached lists this service",
               now);
        return;
    }
    counters_.originated += service->reachable.size() - 1;
    for (const std::uint32_t index : service->reachable) {
        const MachineEntry& machine = table_->machine_at(index);
        Transit copy = transit;
        copy.flags &= static_cast<std::uint8_t>(~flag::reroutable);
        copy.pin = machine.name;
        if (machine.self) {
            deliver_here(copy, to, now);
        } else {
            pass_on(copy, &machine, now);
        }
    }
}

}  // namespace jetway::router
