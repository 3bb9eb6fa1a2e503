#include "router/forwarder.h"

#include <utility>

#include "envelope/address.h"
#include "envelope/packer.h"

namespace jetway::router {

using envelope::Address;
using envelope::Kind;
namespace flag = envelope::flag;

Forwarder::Forwarder(const Options& options, ConnectionTable& connections,
                     NeighbourTable& neighbours, OnRequest on_request)
    : options_(options),
      connections_(connections),
      neighbours_(neighbours),
      on_request_(std::move(on_request)),
      table_(std::make_unique<const RouteTable>(options.machine)),
      own_address_(envelope::make_address("router", options.machine)) {}

void Forwarder::list_for_flush(Connection& connection) {
    if (!connection.listed_for_flush) {
        connection.listed_for_flush = true;
        flushes_.push_back(connection.terminal.id());
    }
}

std::vector<TerminalId> Forwarder::take_flushes() {
    for (const TerminalId id : flushes_) {
        if (Connection* connection = connections_.find(id)) {
            connection->listed_for_flush = false;
        }
    }
    return std::exchange(flushes_, {});
}

void Forwarder::on_envelope(Connection& from, const envelope::Frame& frame, base::Instant now) {
    ++counters_.received;
    ++from.envelopes_in;
    Transit transit;
    transit.from = from.terminal.id();
    transit.flags = frame.flags & flag::all;
    transit.hops = frame.hops;
    transit.body = frame.body;
    transit.owner = frame.owner;
    transit.arrived = now;
    if (from.terminal.is_router()) {
        transit.origin = Origin::router;
        transit.pin = frame.pin;
        from_router(transit, now);
    } else {
        from.last_envelope = now;
        transit.flags &= flag::trace;  // only a router binds
        transit.hops = frame.hops == 0 ? options_.hop_limit : frame.hops;
        from_service(from, transit, now);
    }
}

// Reads the body once. What is wrong with it, or nullptr.
const char* Forwarder::try_read(Transit& transit) {
    if (transit.read) {
        return nullptr;
    }
    const char* wrong = envelope::read_envelope(transit.body, transit.view);
    transit.read = wrong == nullptr;
    if (!transit.read) {
        transit.view = {};
    }
    return wrong;
}

// For what nothing has been done about yet. False: it was malformed and is refused.
bool Forwarder::read(Transit& transit, base::Instant now) {
    const char* wrong = try_read(transit);
    if (wrong != nullptr) {
        refuse(transit, Refusal::bad_envelope, wrong, now);
    }
    return wrong == nullptr;
}

void Forwarder::from_service(Connection& from, Transit& transit, base::Instant now) {
    if (!read(transit, now) || !check_source(from, transit, now) ||
        (from.rules != nullptr && !check_send(from, transit, now)) ||
        (transit.view.destination.starts_with("router@") && !check_request(from, transit, now))) {
        return;
    }
    const envelope::EnvelopeView& view = transit.view;
    if (!view.reply_to.empty() && (!envelope::valid_address(view.reply_to) ||
                                   envelope::split_address(view.reply_to).everywhere())) {
        refuse(transit, Refusal::bad_envelope, "`replyTo` must be `service` or `service@machine`",
               now);
        return;
    }
    bind(transit, now);
}

// A source that is there must be the connection's own; one that isn't is filled in.
bool Forwarder::check_source(Connection& from, Transit& transit, base::Instant now) {
    const std::string_view source = transit.view.source;
    if (source.empty()) {
        scratch_.clear();
        envelope::append_with_source(scratch_, transit.body, transit.view, from.address);
        transit.body = scratch_;
        transit.owner = nullptr;
        transit.read = false;
        return read(transit, now);
    }
    if (source == from.verified_source) {
        return true;
    }
    const Address address = envelope::split_address(source);
    if (source == from.address || (address.machine == options_.machine &&
                                   from.services.find(address.service) != from.services.end())) {
        from.verified_source = source;
        return true;
    }
    refuse(
        transit, Refusal::forbidden_source,
        "`source` must be this connection's address or a service that it attached, @ this machine",
        now);
    return false;
}

void Forwarder::from_router(Transit& transit, base::Instant now) {
    if (transit.pin == options_.machine) {
        if (read(transit, now)) {
            deliver_here(transit, now);
        }
        return;
    }
    if (transit.pin.empty()) {
        refuse(transit, Refusal::bad_envelope, "an envelope between routers must carry a pin", now);
        return;
    }
    send_on(transit, Refusal::no_route, "the machine can't be reached", now);
}

// By its pin; `otherwise` where nothing leads there and it can't be bound anew.
void Forwarder::send_on(Transit& transit, Refusal otherwise, std::string_view message,
                        base::Instant now) {
    const Decision decision = decider(transit.view).on_the_way(table_->machine(transit.pin), {});
    if (decision.outcome == Decision::Outcome::forwarded) {
        pass_on(transit, decision.link, now);
    } else if (decision.outcome == Decision::Outcome::waits) {
        wait(transit, now);
    } else if (transit.reroutable()) {
        bind_anew(transit, now);
    } else if (read(transit, now)) {
        refuse(transit, otherwise, message, now);
    }
}

// To the next router.
void Forwarder::pass_on(Transit& transit, LinkId to, base::Instant now) {
    if (transit.hops <= 1) {
        refuse(transit, Refusal::hop_limit, "the hop limit is used up", now);
        return;
    }
    Neighbour* next = neighbours_.find(to);
    const std::size_t length = envelope::least_length + transit.pin.size() + transit.body.size();
    if (next != nullptr && next->max_frame != 0 && length > next->max_frame) {
        refuse(transit, Refusal::too_large, "the next router takes no frame that long", now);
        return;
    }
    if (!holds_.empty() && hold_back(transit, now)) {
        return;
    }
    const envelope::Header header{.kind = Kind::envelope,
                                  .flags = transit.flags,
                                  .hops = static_cast<std::uint8_t>(transit.hops - 1),
                                  .pin = transit.pin};
    if (next == nullptr || !send(*next, header, transit, now)) {
        refuse(transit, Refusal::overloaded, "the queue to the next router is full", now);
        return;
    }
    ++counters_.forwarded;
    ++next->forwarded;
    if (transit.origin == Origin::router) {
        last_transit_ = now;
    }
    if (past_high(*next)) {
        tell(transit, holds_.crowd_link(next->id, now), now);
    }
    if (transit.traced()) {
        report_trace(transit, next->name, "forwarded", now);
    }
}

// Queues a frame for a neighbour; while its link is suspended it waits there. False: it is full.
bool Forwarder::send(Neighbour& next, const envelope::Header& header, const Transit& transit,
                     base::Instant now) {
    terminal::Session& session = next.session;
    const std::size_t kept = session.kept_bytes();
    const std::size_t size = envelope::header_size + header.pin.size() + transit.body.size();
    if (kept != 0 && kept + size > options_.terminal.unacknowledged) {
        return false;
    }
    Connection* carrier = connections_.find(next.terminal);
    if (carrier == nullptr || carrier->terminal.state() == terminal::State::closing) {
        if (!session.numbered()) {
            return false;
        }
        session.keep_apart(header, transit.body, transit.owner);
        return true;
    }
    if (!carrier->terminal.send(header, transit.body, transit.owner, now, &session)) {
        return false;
    }
    list_for_flush(*carrier);
    return true;
}

void Forwarder::take_back(terminal::Session session, base::Instant now) {
    session.give_back([&](const envelope::Frame& frame) {
        ++counters_.returned;
        Transit transit;
        transit.origin = Origin::router;
        transit.flags = frame.flags | flag::possible_duplicate;
        transit.hops = static_cast<std::uint8_t>(frame.hops + 1);  // what it had before
        transit.pin = frame.pin;
        transit.body = frame.body;
        transit.arrived = now;
        send_on(transit, Refusal::link_lost, "the link broke before the next router had it", now);
    });
}

void Forwarder::originate(envelope::EnvelopeFields fields, std::uint8_t flags, base::Instant now) {
    if (fields.source.empty()) {
        fields.source = own_address_;
    }
    auto body = std::make_shared<base::Bytes>();
    envelope::append_envelope(*body, fields);
    ++counters_.originated;
    Transit transit;
    transit.origin = Origin::self;
    transit.flags = flags;
    transit.hops = options_.hop_limit;
    transit.body = *body;
    transit.owner = &body;
    transit.arrived = now;
    if (read(transit, now)) {
        bind(transit, now);
    }
}

void Forwarder::wait(Transit& transit, base::Instant now) {
    if (transit.expires == base::never) {
        transit.expires = now + options_.gossip.request_timeout;
    }
    if (transit.expires <= now) {
        if (read(transit, now)) {
            refuse(transit, Refusal::no_route, "no route was found in time", now);
        }
    } else if (!waiting_.add(transit, options_.terminal.queue)) {
        refuse(transit, Refusal::overloaded, "too many envelopes wait for a route", now);
    }
}

// It has waited until now. Nothing is counted if it goes on waiting.
void Forwarder::count_late(const Transit& transit, std::uint64_t done_before, base::Instant now) {
    const std::uint64_t done = counters_.done() - done_before;
    passage_.waiting.add(static_cast<std::uint64_t>(std::max<std::int64_t>(
                             0, base::to_microseconds(now - transit.arrived))),
                         done);
    passage_.late += done;
}

void Forwarder::turn_took(base::Duration time) {
    const std::uint64_t handled = unmeasured();
    passage_.forwarding.add(
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_microseconds(time))),
        handled);
    passage_.counted += handled;
}

void Forwarder::retry_waiting(base::Instant now) {
    if (!holds_.empty()) {
        check_held(now);
    }
    for (WaitingRoom::Guest& guest : waiting_.take_all()) {
        Transit& transit = guest.transit;
        transit.owner = &guest.body;
        transit.pin = guest.pin;
        const std::uint64_t done = counters_.done();
        if (read(transit, now)) {
            if (transit.origin == Origin::router) {
                from_router(transit, now);
            } else {
                bind(transit, now);
            }
        }
        count_late(transit, done, now);
    }
}

void Forwarder::on_deadline(base::Instant now) {
    in_flight_.on_deadline(now);
    for (WaitingRoom::Guest& guest : waiting_.take_expired(now)) {
        const std::uint64_t done = counters_.done();
        if (read(guest.transit, now)) {
            refuse(guest.transit, Refusal::no_route, "no route was found in time", now);
        }
        count_late(guest.transit, done, now);
    }
}

}  // namespace jetway::router
