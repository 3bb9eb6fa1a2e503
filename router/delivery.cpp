// The part of Forwarder that delivers on this machine: to an instance of a service, to one
// connection, to the router itself, or back by the loopback terminal.
#include "envelope/address.h"
#include "router/forwarder.h"

namespace jetway::router {

using envelope::Kind;

// An envelope that came here pinned to this machine.
void Forwarder::deliver_here(Transit& transit, base::Instant now) {
    note_answer(transit);
    const Destination to = look_up(transit);
    const bool may_rebind = transit.reroutable() && transit.hops > 1;
    const Decision decision =
        decider(transit.view).here(to, transit.view.destination, may_rebind, 0);
    if (decision.bound) {  // no instance is up here, but elsewhere
        --transit.hops;
        transit.origin = Origin::self;
    }
    act(transit, to, decision, now);
}

// Those of a service here made none.
void Forwarder::count_hops(const Transit& transit) {
    const std::uint8_t limit = options_.hop_limit;
    passage_.count_hops(limit, transit.origin == Origin::router ? transit.hops : limit);
}

// What is for this router itself.
void Forwarder::take(Transit& transit, base::Instant now) {
    ++counters_.delivered;
    count_hops(transit);
    ++counters_.by_router;
    if (transit.traced()) {
        report_trace(transit, "router", "delivered", now);
    }
    if (!transit.dry()) {
        on_request_(transit.view, transit);
    }
}

void Forwarder::deliver_to(Transit& transit, Connection& to, base::Instant now) {
    if (!transit.dry()) {
        const envelope::Header header{
            .kind = Kind::envelope, .flags = transit.flags, .hops = transit.hops, .pin = {}};
        if (!to.terminal.send(header, transit.body, transit.owner, now)) {
            refuse(transit, Refusal::overloaded, "the queue to the service is full", now);
            return;
        }
        to.last_envelope = now;
        list_for_flush(to);
        if (to.terminal.output().size() > options_.terminal.high_mark()) {
            tell(transit, holds_.crowd(to.terminal.id(), now), now);
        }
    }
    ++counters_.delivered;
    count_hops(transit);
    ++to.envelopes_out;
    if (transit.traced()) {
        report_trace(transit, to.terminal.name(), "delivered", now);
    }
}

// The loopback terminal: what comes goes back to where its answer belongs.
void Forwarder::reflect(Transit& transit, base::Instant now) {
    ++counters_.delivered;
    count_hops(transit);
    ++counters_.by_loopback;
    if (transit.traced()) {
        report_trace(transit, "lo", "delivered", now);
    }
    const envelope::EnvelopeView& view = transit.view;
    const std::string_view to = envelope::split_address(view.answer_to()).service;
    if (transit.dry() || view.is_answer() || to.empty() || to == "echo" || to == "router" ||
        envelope::split_address(view.answer_to()).everywhere()) {
        return;
    }
    const std::string source = envelope::make_address("echo", options_.machine);
    originate({.source = source,
               .destination = view.answer_to(),
               .reply_to = {},
               .id = {},
               .in_reply_to = view.id,
               .headers = view.headers,
               .error = nullptr,
               .data = view.data},
              0, now);
}

}  // namespace jetway::router
