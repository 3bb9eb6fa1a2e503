// The part of Router that tells its history what each event has changed.
#include <algorithm>

#include "router/router.h"

namespace jetway::router {

// What gossip's last call changed.
void Router::record(const Cause& cause) {
    if (watch_) {
        for (const std::string& machine : gossip_.changed()) {
            watch_(machine);
        }
    }
    if (options_.history == 0) {
        return;
    }
    for (const std::string& machine : gossip_.changed()) {
        const std::optional<gossip::Gossip::MachineView> view = gossip_.find(machine);
        std::optional<Way> way;
        if (view && view->selected != nullptr) {
            if (const Neighbour* next = neighbours_.find(view->selected->link)) {
                way = Way{next->machine, next->name, view->selected->cost, view->selected->hops};
            }
        }
        history_.note(machine, way, view ? view->catalog : nullptr, cause, now_);
    }
}

void Router::on_announce(Connection& connection, base::ByteView body) {
    const LinkId id = connection.neighbour;
    const bool first = !gossip_.heard_whole(id);
    const bool itself = gossip_.on_announce(id, body, now_);
    record({first ? Event::link_up : Event::announcement, connection.terminal.peer_machine(), {}});
    if (!itself) {
        close(connection, "bad-hello", "your announcements bear another machineId than your HELLO");
    }
}

// A link has come down, by itself or because the deployment no longer has it so.
void Router::record_link_down(const Neighbour& neighbour, const std::string& code) {
    record({reconfiguring_ ? Event::reconfigure : Event::link_down, neighbour.machine, code});
}

// What of the client's changes the catalog is recorded here: gossip learns of it at the end of the
// turn, when nobody knows any more which of several clients it was.
void Router::attach(Connection& connection, const std::vector<envelope::ServiceEntry>& services) {
    attachments_.attach(connection, services);
    for (const envelope::ServiceEntry& service : services) {
        record_service(service.name, {Event::attach, connection.client, {}});
    }
    probe_if_service(connection);
}

void Router::detach(Connection& connection, const std::vector<std::string>& names) {
    attachments_.detach(connection, names);
    for (const std::string& name : names) {
        record_service(name, {Event::detach, connection.client, {}});
    }
    probe_if_service(connection);
}

void Router::detach_all(Connection& connection) {
    std::vector<std::string> names;
    names.reserve(connection.services.size());
    for (const auto& [name, service] : connection.services) {
        names.push_back(name);
    }
    attachments_.detach_all(connection);
    for (const std::string& name : names) {
        record_service(name, {Event::detach, connection.client, {}});
    }
    probe_if_service(connection);
}

void Router::record_service(const std::string& service, const Cause& cause) {
    std::optional<ServiceState> state;
    const auto found = attachments_.instances().find(service);
    const auto registered = registrations_.services().find(service);
    if (found != attachments_.instances().end()) {
        const bool draining = drains_.of(service) != nullptr;
        const auto up =
            std::count_if(found->second.begin(), found->second.end(),
                          [&](const Instance& one) { return one.healthy && !draining; });
        state = ServiceState{draining ? envelope::Health::draining
                             : up > 0 ? envelope::Health::up
                                      : envelope::Health::unhealthy,
                             static_cast<std::uint32_t>(up)};
    }
    if (registered != registrations_.services().end()) {
        for (const Registration& one : registered->second) {
            const envelope::Health health = one.health(drains_);
            state = state ? state : ServiceState{health, 0};
            if (health == envelope::Health::up) {
                state = ServiceState{health, state->up + 1};
            }
        }
    }
    if (!state && std::any_of(options_.services.begin(), options_.services.end(),
                              [&](const ConfiguredService& one) {
                                  return one.name == service && one.ninep.empty();
                              })) {
        state = ServiceState{envelope::Health::detached, 0};
    }
    history_.note_service(options_.machine, service, state, cause, now_);
}

}  // namespace jetway::router
