// The part of Forwarder that delivers on this machine: to an instance of a service, to one
// connection, to the router itself, or back by the loopback terminal.
#include <charconv>

#include "envelope/address.h"
#include "router/forwarder.h"

namespace jetway::router {

using envelope::Kind;

void Forwarder::deliver_here(Transit& transit, const Destination& to, base::Instant now) {
    const std::string_view name = to.address.service;
    const ServiceEntry* service = to.service;
    if (service != nullptr && !service->here.empty()) {
        // One choice among machines and one among instances take the same turn, so that both go
        // round.
        const bool taken = transit.origin != Origin::router && transit.reroutable();
        const std::uint32_t turn = taken ? *service->turn : (*service->turn)++;
        for (std::size_t i = 0; i < service->here.size(); ++i) {
            Connection* taker = connections_.find(service->here[(turn + i) % service->here.size()]);
            if (taker != nullptr && taker->terminal.up()) {
                deliver_to(transit, *taker, now);
                return;
            }
        }
    }
    if (name == "router") {
        ++counters_.delivered;
        if (transit.traced()) {
            report_trace(transit, "router", "delivered", now);
        }
        if (!transit.dry()) {
            on_request_(transit.view, transit);
        }
        return;
    }
    if (name == "echo") {
        reflect(transit, now);
        return;
    }
    if (name.starts_with(envelope::client_prefix)) {
        TerminalId id = 0;
        const char* end = name.data() + name.size();
        const auto [rest, error] =
            std::from_chars(name.data() + envelope::client_prefix.size(), end, id);
        Connection* taker = error == std::errc() && rest == end ? connections_.find(id) : nullptr;
        if (taker != nullptr && taker->client == name && taker->terminal.up()) {
            deliver_to(transit, *taker, now);
        } else {
            refuse(transit, Refusal::no_route, "that connection is gone", now);
        }
        return;
    }
    if (transit.reroutable() && transit.hops > 1) {
        transit.hops = static_cast<std::uint8_t>(transit.hops - (transit.origin == Origin::router));
        transit.origin = Origin::self;
        bind_to_service(transit, to, true, now);
        return;
    }
    const bool listed = service != nullptr && service->listed_here;
    const bool well_formed = envelope::valid_address(transit.view.destination);
    refuse(transit,
           listed        ? Refusal::no_instance
           : well_formed ? Refusal::no_route
                         : Refusal::bad_envelope,
           listed        ? "the service is known, but no instance of it is up"
           : well_formed ? "that machine does not list this service"
                         : "`destination` must be `service`, `service@machine` or `service@*`",
           now);
}

void Forwarder::deliver_to(Transit& transit, Connection& to, base::Instant now) {
    if (!transit.dry()) {
        const envelope::Header header{
            .kind = Kind::envelope, .flags = transit.flags, .hops = transit.hops, .pin = {}};
        if (!to.terminal.send(header, transit.body, transit.owner, now)) {
            refuse(transit, Refusal::overloaded, "the queue to the service is full", now);
            return;
        }
        list_for_flush(to);
    }
    ++counters_.delivered;
    if (transit.traced()) {
        report_trace(transit, to.terminal.name(), "delivered", now);
    }
}

// The loopback terminal: what comes goes back to where its answer belongs.
void Forwarder::reflect(Transit& transit, base::Instant now) {
    ++counters_.delivered;
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
