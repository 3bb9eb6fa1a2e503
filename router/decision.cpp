#include "router/decision.h"

#include <algorithm>
#include <charconv>

#include "envelope/address.h"

namespace jetway::router {

namespace {

using Outcome = Decision::Outcome;

Decision refused(Refusal refusal, std::string_view message) {
    Decision decision;
    decision.refusal = refusal;
    decision.message = message;
    return decision;
}

// What nobody has may as well be no address at all.
Decision unknown(std::string_view text, std::string_view message) {
    return envelope::valid_address(text)
               ? refused(Refusal::no_route, message)
               : refused(Refusal::bad_envelope,
                         "`destination` must be `service`, `service@machine` or `service@*`");
}

constexpr std::string_view nobody_lists = "no machine that can be reached lists this service";
constexpr std::string_view nobody_is_up = "the service is known, but no instance of it is up";

// Of a service that is listed: why none of its instances can have an envelope.
std::string_view why_no_instance(const ServiceEntry& service) {
    return service.ninep && !service.envelopes
               ? "the service's instances are 9P servers, which take no envelopes: it is a folder "
                 "of the 9P tree, /svc"
               : nobody_is_up;
}

Decision delivered(TerminalId terminal, std::uint8_t turns) {
    Decision decision;
    decision.outcome = Outcome::delivered;
    decision.terminal = terminal;
    decision.turns = turns;
    return decision;
}

}  // namespace

Decision Decider::at_first(const Destination& to, std::string_view text) const {
    if (to.address.everywhere()) {
        if (to.service == nullptr || !to.service->listed) {
            return refused(Refusal::no_route, nobody_lists);
        }
        if (to.service->reachable.empty()) {
            return refused(Refusal::no_instance, why_no_instance(*to.service));
        }
        Decision decision;
        decision.outcome = Outcome::copied;
        return decision;
    }
    if (to.address.machine.empty()) {
        if (to.address.service.size() != text.size()) {
            return refused(Refusal::bad_envelope, "`destination` names no machine after its @");
        }
        if (!envelope::reserved_name(to.address.service)) {
            return among_machines(to, text, false, 0);
        }
        Decision decision = here(to, text, false, 0);
        decision.machine = &table_.self();
        return decision;
    }
    Decision decision = to.machine != nullptr && to.machine->self ? here(to, text, false, 0)
                                                                  : on_the_way(to.machine, text);
    decision.machine = to.machine;
    return decision;
}

Decision Decider::among_machines(const Destination& to, std::string_view text, bool spare_us,
                                 std::uint8_t turns) const {
    if (to.service == nullptr || !to.service->listed) {
        return unknown(text, nobody_lists);
    }
    const ServiceEntry& service = *to.service;
    const MachineEntry* chosen = nullptr;
    std::unique_ptr<Picks> picks;
    if (service.balancing != nullptr) {
        picks = std::make_unique<Picks>();
        chosen = by_policy(service, spare_us, *picks);
    } else if (!service.nearest.empty()) {
        const std::uint32_t turn = *service.turn + turns++;
        chosen = &table_.machine_at(service.nearest[turn % service.nearest.size()]);
        if (!holds_.empty() && held_at(*chosen, service)) {
            // What is held is spared while another can take it.
            const MachineEntry* open = open_machine(service, turn, spare_us);
            chosen = open != nullptr ? open : chosen;
        }
        if (chosen->self && spare_us) {
            chosen = nullptr;
            for (const std::uint32_t other : service.reachable) {
                if (chosen == nullptr && !table_.machine_at(other).self) {
                    chosen = &table_.machine_at(other);
                }
            }
        }
    }
    if (chosen == nullptr && !service.awaited.empty()) {
        chosen = &table_.machine_at(service.awaited.front());
    }
    if (chosen == nullptr) {
        Decision decision = refused(Refusal::no_instance, why_no_instance(service));
        decision.turns = turns;
        return decision;
    }
    Decision decision = chosen->self ? here(to, text, !spare_us, turns) : on_the_way(chosen, text);
    decision.turns = std::max(decision.turns, turns);
    if (picks != nullptr && decision.picks != nullptr) {
        picks->insert(picks->end(), decision.picks->begin(), decision.picks->end());
    }
    if (picks != nullptr) {
        decision.picks = std::move(picks);
    }
    if (!decision.bound) {
        decision.bound = true;
        decision.machine = chosen;
    }
    return decision;
}

std::string_view Decider::key_of(const balance::Policy& policy) const {
    if (envelope_ == nullptr || policy.kind != balance::Policy::Kind::sticky) {
        return {};
    }
    return policy.key == balance::Policy::Key::header
               ? envelope::find_header(envelope_->headers, policy.header)
               : envelope_->source;  // no envelope has a uname
}

// What is held is spared while another can take it, but not by a sticky policy, which waits for its
// own.
const MachineEntry* Decider::by_policy(const ServiceEntry& service, bool spare_us,
                                       Picks& picks) const {
    const balance::Policy& policy = service.policy;
    Pick pick{.chooser = &service.balancing->among, .among = service.instances, .chosen = 0};
    bool any_open = false;
    for (std::size_t i = 0; i < pick.among.size(); ++i) {
        const ServiceEntry::Place& place = service.places[i];
        const MachineEntry& machine = table_.machine_at(place.machine);
        pick.among[i].usable = !(spare_us && machine.self);
        if (policy.kind == balance::Policy::Kind::least_conn) {
            // Which of a machine's instances has how many its own router knows.
            constexpr std::uint64_t scale = 1'024;
            pick.among[i].load = service.balancing->loads.of(machine.name) * scale / place.beside;
        }
        any_open = any_open || (pick.among[i].usable && !held_at(machine, service));
    }
    if (any_open && !holds_.empty() && policy.kind != balance::Policy::Kind::sticky) {
        for (std::size_t i = 0; i < pick.among.size(); ++i) {
            const MachineEntry& machine = table_.machine_at(service.places[i].machine);
            pick.among[i].usable = pick.among[i].usable && !held_at(machine, service);
        }
    }
    const std::optional<std::size_t> chosen = pick.chooser->peek(pick.among, key_of(policy));
    if (!chosen) {
        return nullptr;
    }
    pick.chosen = *chosen;
    picks.push_back(std::move(pick));
    return &table_.machine_at(service.places[*chosen].machine);
}

TerminalId Decider::by_policy_here(const ServiceEntry& service, Picks& picks) const {
    const balance::Policy& policy = service.policy;
    Pick pick{.chooser = &service.balancing->here, .among = service.instances_here, .chosen = 0};
    const auto taker = [&](std::size_t i) { return connections_.find(service.here[i]); };
    const auto is_up = [&](std::size_t i) {
        return taker(i) != nullptr && taker(i)->terminal.up();
    };
    const auto is_open = [&](std::size_t i) {
        return !taker(i)->unhealthy &&
               (policy.kind == balance::Policy::Kind::sticky || !holds_.crowded(service.here[i]));
    };
    bool any_open = false;
    for (std::size_t i = 0; i < pick.among.size(); ++i) {
        pick.among[i].usable = is_up(i);
        pick.among[i].load = service.balancing->loads.of(service.here[i]);
        any_open = any_open || (pick.among[i].usable && is_open(i));
    }
    for (std::size_t i = 0; any_open && i < pick.among.size(); ++i) {
        pick.among[i].usable = pick.among[i].usable && is_open(i);
    }
    const std::optional<std::size_t> chosen = pick.chooser->peek(pick.among, key_of(policy));
    if (!chosen) {
        return 0;
    }
    pick.chosen = *chosen;
    picks.push_back(std::move(pick));
    return service.here[*chosen];
}

bool Decider::held_at(const MachineEntry& machine, const ServiceEntry& service) const {
    if (machine.self) {
        return std::all_of(service.here.begin(), service.here.end(),
                           [this](TerminalId id) { return holds_.crowded(id); });
    }
    return holds_.crowded_link(machine.next) || holds_.held(machine.name, service.name) != nullptr;
}

const MachineEntry* Decider::open_machine(const ServiceEntry& service, std::uint32_t turn,
                                          bool spare_us) const {
    const auto first_of = [&](const std::vector<std::uint32_t>& machines,
                              std::uint32_t from) -> const MachineEntry* {
        for (std::size_t i = 0; i < machines.size(); ++i) {
            const MachineEntry& machine = table_.machine_at(machines[(from + i) % machines.size()]);
            if (!held_at(machine, service) && !(machine.self && spare_us)) {
                return &machine;
            }
        }
        return nullptr;
    };
    const MachineEntry* near = first_of(service.nearest, turn);
    return near != nullptr ? near : first_of(service.reachable, 0);
}

bool Decider::held(const Destination& to) const {
    return to.service != nullptr && !to.service->reachable.empty() &&
           open_machine(*to.service, 0, false) == nullptr;
}

Decision Decider::on_the_way(const MachineEntry* machine, std::string_view text) const {
    if (machine == nullptr || !machine->reachable()) {
        if (machine == nullptr || !machine->awaited) {
            return unknown(text, "the machine can't be reached");
        }
        Decision decision;
        decision.outcome = Outcome::waits;
        decision.machine = machine;
        return decision;
    }
    Decision decision;
    decision.outcome = Outcome::forwarded;
    decision.machine = machine;
    decision.link = machine->next;
    return decision;
}

Decision Decider::here(const Destination& to, std::string_view text, bool may_rebind,
                       std::uint8_t turns) const {
    const std::string_view name = to.address.service;
    const ServiceEntry* service = to.service;
    if (service != nullptr && service->balancing != nullptr && !service->here.empty()) {
        auto picks = std::make_unique<Picks>();
        if (const TerminalId terminal = by_policy_here(*service, *picks)) {
            Decision decision = delivered(terminal, turns);
            decision.picks = std::move(picks);
            return decision;
        }
    } else if (service != nullptr && !service->here.empty()) {
        // One choice among machines and one among instances take the same turn, so that both go
        // round.
        const std::uint32_t turn = *service->turn + turns;
        TerminalId crowded = 0;
        for (std::size_t i = 0; i < service->here.size(); ++i) {
            const TerminalId terminal = service->here[(turn + i) % service->here.size()];
            const Connection* taker = connections_.find(terminal);
            if (taker != nullptr && taker->terminal.up()) {
                if (!holds_.crowded(terminal) && !taker->unhealthy) {
                    return delivered(terminal, std::max(turns, std::uint8_t{1}));
                }
                crowded = crowded != 0 ? crowded : terminal;
            }
        }
        if (crowded != 0) {
            return delivered(crowded, std::max(turns, std::uint8_t{1}));
        }
        turns = std::max(turns, std::uint8_t{1});
    }
    if (name == "router" || name == "echo") {
        Decision decision;
        decision.outcome = name == "router" ? Outcome::router : Outcome::echo;
        return decision;
    }
    if (name.starts_with(envelope::client_prefix)) {
        TerminalId id = 0;
        const char* end = name.data() + name.size();
        const auto [rest, error] =
            std::from_chars(name.data() + envelope::client_prefix.size(), end, id);
        const Connection* taker =
            error == std::errc() && rest == end ? connections_.find(id) : nullptr;
        return taker != nullptr && taker->client == name && taker->terminal.up()
                   ? delivered(id, 0)
                   : refused(Refusal::no_route, "that connection is gone");
    }
    if (may_rebind) {
        return among_machines(to, text, true, turns);
    }
    Decision decision = service != nullptr && service->listed_here
                            ? refused(Refusal::no_instance, why_no_instance(*service))
                            : unknown(text, "that machine does not list this service");
    decision.turns = turns;
    return decision;
}

}  // namespace jetway::router
