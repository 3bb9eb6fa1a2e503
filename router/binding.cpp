// The part of Forwarder that binds: from a destination to the machine that an envelope is pinned
// to.
#include "router/forwarder.h"

namespace jetway::router {

namespace flag = envelope::flag;

// Chooses the machine, as only the first router does, or one that a reroutable frame got stuck at.
void Forwarder::bind(Transit& transit, base::Instant now) {
    note_answer(transit);
    const Destination to = look_up(transit);
    const Decision decision = decider(transit.view).at_first(to, transit.view.destination);
    if (!to.address.machine.empty()) {
        transit.flags &= static_cast<std::uint8_t>(~flag::reroutable);
        transit.pin = to.address.machine;
    }
    act(transit, to, decision, now);
}

Decision Forwarder::decide(std::string_view destination,
                           const envelope::EnvelopeView* envelope) const {
    const Decider decider(*table_, connections_, holds_, envelope);
    return decider.at_first(Destinations::look_up_in(*table_, destination), destination);
}

void Forwarder::bind_anew(Transit& transit, base::Instant now) {
    if (transit.hops <= 1) {
        refuse(transit, Refusal::hop_limit, "the hop limit is used up", now);
    } else if (read(transit, now)) {
        --transit.hops;
        transit.origin = Origin::self;  // bound afresh, here
        const Destination to = look_up(transit);
        act(transit, to,
            decider(transit.view).among_machines(to, transit.view.destination, false, 0), now);
    }
}

void Forwarder::act(Transit& transit, const Destination& to, const Decision& decision,
                    base::Instant now) {
    if (decision.turns > 0) {
        *to.service->turn += decision.turns;
    }
    if (decision.picks != nullptr) {
        for (const Pick& pick : *decision.picks) {
            pick.chooser->took(pick.among, pick.chosen);
        }
    }
    if (to.service != nullptr && to.service->balancing != nullptr) {
        note_request(transit, to, decision, now);
    }
    if (decision.machine != nullptr) {
        transit.pin = decision.machine->name;
        transit.flags |= decision.bound ? flag::reroutable : std::uint8_t{0};
    }
    switch (decision.outcome) {
        case Decision::Outcome::delivered:
            deliver_to(transit, *connections_.find(decision.terminal), now);
            break;
        case Decision::Outcome::forwarded:
            pass_on(transit, decision.link, now);
            break;
        case Decision::Outcome::router:
            take(transit, now);
            break;
        case Decision::Outcome::echo:
            reflect(transit, now);
            break;
        case Decision::Outcome::copied:
            copy_to_all(transit, to, now);
            break;
        case Decision::Outcome::waits:
            wait(transit, now);
            break;
        case Decision::Outcome::refused:
            refuse(transit, decision.refusal, decision.message, now);
            break;
    }
}

// Counted before it goes: a refusal on the way is an answer, too.
void Forwarder::note_request(const Transit& transit, const Destination& to,
                             const Decision& decision, base::Instant now) {
    const envelope::EnvelopeView& view = transit.view;
    const bool goes = decision.outcome == Decision::Outcome::delivered ||
                      decision.outcome == Decision::Outcome::forwarded;
    if (!goes || to.service->policy.kind != balance::Policy::Kind::least_conn || view.id.empty() ||
        view.is_answer() || to.address.everywhere() || transit.dry() || view.answer_to().empty()) {
        return;
    }
    const bool first = decision.machine != nullptr;  // this router chose, or was told, the machine
    in_flight_.began(view.answer_to(), view.id, to.service->balancing,
                     first ? std::string_view(decision.machine->name) : std::string_view(),
                     decision.terminal, now + options_.balance.request_timeout);
}

void Forwarder::copy_to_all(Transit& transit, const Destination& to, base::Instant now) {
    counters_.originated += to.service->reachable.size() - 1;
    for (const std::uint32_t index : to.service->reachable) {
        const MachineEntry& machine = table_->machine_at(index);
        Transit copy = transit;
        copy.flags &= static_cast<std::uint8_t>(~flag::reroutable);
        copy.pin = machine.name;
        const std::string_view text = transit.view.destination;
        act(copy, to,
            machine.self ? decider(transit.view).here(to, text, false, 0)
                         : decider(transit.view).on_the_way(&machine, text),
            now);
    }
}

}  // namespace jetway::router
