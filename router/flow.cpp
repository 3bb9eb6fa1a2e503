// The part of Forwarder that keeps a slow receiver from slowing anybody but its own senders: who is
// told to hold what, what waits for a destination that is held, and when it goes on.
#include <algorithm>

#include "envelope/address.h"
#include "envelope/hold.h"
#include "router/forwarder.h"

namespace jetway::router {

using envelope::Kind;

namespace {

constexpr std::size_t slice = std::size_t{256} << 10U;  // bytes of what waited, released at once
constexpr base::Duration between_slices =
    std::chrono::milliseconds(5);  // for a HOLD to come back meanwhile

}  // namespace

bool Forwarder::past_high(const Neighbour& next) const {
    const Connection* carrier = connections_.find(next.terminal);
    const std::size_t kept = next.session.kept_bytes();
    return kept > options_.terminal.unacknowledged / 2 ||
           (carrier != nullptr ? carrier->terminal.output().size() : kept) >
               options_.terminal.high_mark();
}

bool Forwarder::under_low(const Neighbour& next) const {
    const Connection* carrier = connections_.find(next.terminal);
    const std::size_t kept = next.session.kept_bytes();
    return kept <= options_.terminal.unacknowledged / 4 &&
           (carrier != nullptr ? carrier->terminal.output().size() : kept) <=
               options_.terminal.low_mark();
}

// Error envelopes, what is for a router itself, and what only looks for a way are never held.
bool Forwarder::may_be_held(Transit& transit) {
    return !transit.dry() && try_read(transit) == nullptr && transit.view.error.empty() &&
           envelope::split_address(transit.view.destination).service != "router";
}

// The envelope went through a closed gate: whoever sent it is told to hold its destination.
void Forwarder::tell(Transit& transit, Gate gate, base::Instant now) {
    Connection* from = connections_.find(transit.from);
    if (from == nullptr || !may_be_held(transit)) {
        return;
    }
    const std::string_view destination = transit.view.destination;
    if (from->neighbour != 0) {
        const std::string_view machine =
            transit.pin.empty() ? std::string_view(options_.machine) : transit.pin;
        const std::string address =
            envelope::make_address(envelope::split_address(destination).service, machine);
        const Sender sender{.service = 0, .link = from->neighbour};
        if (holds_.tell(gate, sender, address)) {
            send_hold(sender, Kind::hold, address, now);
        }
        return;
    }
    const Sender sender{.service = from->terminal.id(), .link = 0};
    if (holds_.tell(gate, sender, std::string(destination))) {
        send_hold(sender, Kind::hold, destination, now);
    }
    // One that heeds it has sent no more than what was under way.
    from->sent_though_held += transit.body.size();
    if (from->sent_though_held > options_.terminal.low_mark() && !from->paused) {
        from->paused = true;
        pauses_.push_back({sender.service, true});
    }
}

void Forwarder::send_hold(Sender sender, Kind kind, std::string_view address, base::Instant now) {
    TerminalId to = sender.service;
    if (sender.link != 0) {
        const Neighbour* neighbour = neighbours_.find(sender.link);
        to = neighbour != nullptr ? neighbour->terminal : 0;
    }
    Connection* connection = connections_.find(to);
    if (connection == nullptr || !connection->terminal.up()) {
        return;  // a link that is resumed is told again
    }
    counters_.holds_told += kind == Kind::hold ? 1 : 0;
    base::Bytes body;
    envelope::append_hold(body, address);
    connection->terminal.send_control(kind, body, now);
    list_for_flush(*connection);
}

void Forwarder::resume_sender(Sender sender, std::string_view address, base::Instant now) {
    send_hold(sender, Kind::resume, address, now);
    Connection* connection = connections_.find(sender.service);
    if (connection != nullptr && !holds_.tells(sender)) {
        connection->sent_though_held = 0;
        if (std::exchange(connection->paused, false)) {
            pauses_.push_back({sender.service, false});
        }
    }
}

Holds::Resume Forwarder::resumer(base::Instant now) {
    return [this, now](Sender sender, const std::string& address) {
        resume_sender(sender, address, now);
    };
}

// True: its destination is held, and it waits, or was refused.
bool Forwarder::hold_back(Transit& transit, base::Instant now) {
    if (transit.released || !holds_.any_held(transit.pin)) {
        return false;
    }
    if (!may_be_held(transit)) {
        return !transit.dry() && !read(transit, now);
    }
    HeldDestination* held =
        holds_.held(transit.pin, envelope::split_address(transit.view.destination).service);
    if (held == nullptr) {
        return false;
    }
    const bool room = holds_.waiting_bytes() + transit.body.size() <= options_.terminal.held;
    if (!room || !held->waiting.add(transit, options_.terminal.queue)) {
        refuse(transit, Refusal::overloaded, "too many envelopes wait for a held destination", now);
        return true;
    }
    tell(transit, held->gate, now);
    return true;
}

void Forwarder::on_hold(const Neighbour& by, std::string_view destination, base::Instant now) {
    const envelope::Address address = envelope::split_address(destination);
    const MachineEntry* machine = table_->machine(address.machine);
    if (!envelope::valid_address(destination) || machine == nullptr || machine->next != by.id) {
        return;  // what goes there doesn't go by this link
    }
    holds_.hold(address.machine, address.service, by.id, now + options_.terminal.hold_timeout);
}

void Forwarder::on_resume(const Neighbour& by, std::string_view destination, base::Instant now) {
    const envelope::Address address = envelope::split_address(destination);
    HeldDestination* held = holds_.held(address.machine, address.service);
    if (held != nullptr && held->by == by.id) {
        held->draining = true;
        held->release_at = now;
    }
}

// A new connection carries the link: what we told is told again, and what we were told ends unless
// it is told again soon.
void Forwarder::on_link_resumed(const Neighbour& neighbour, base::Instant now) {
    const Sender sender{.service = 0, .link = neighbour.id};
    for (const std::string& address : holds_.told(sender)) {
        send_hold(sender, Kind::hold, address, now);
    }
    holds_.for_each_held([&](const std::string&, const std::string&, HeldDestination& held) {
        if (held.by == neighbour.id && !held.draining) {
            held.draining = true;
            held.release_at = now + options_.terminal.hello;
        }
    });
}

void Forwarder::forget_sender(Sender sender) {
    holds_.forget(sender);
}

// A destination that isn't reached by the link that holds it any more is held no more.
void Forwarder::check_held(base::Instant now) {
    holds_.for_each_held(
        [&](const std::string& machine, const std::string&, HeldDestination& held) {
            const MachineEntry* entry = table_->machine(machine);
            if (!held.draining && (entry == nullptr || entry->next != held.by)) {
                held.draining = true;
                held.release_at = now;
            }
        });
    flow_changed_ = true;
}

void Forwarder::release(const std::string& machine, const std::string& service, base::Instant now) {
    HeldDestination* held = holds_.held(machine, service);
    const MachineEntry* entry = table_->machine(machine);
    const Neighbour* next = entry != nullptr ? neighbours_.find(entry->next) : nullptr;
    if (next == nullptr || !past_high(*next)) {
        for (WaitingRoom::Guest& guest : held->waiting.take_some(slice)) {
            Transit& transit = guest.transit;
            transit.owner = &guest.body;
            transit.pin = guest.pin;
            transit.released = true;
            const std::uint64_t done = counters_.done();
            send_on(transit, Refusal::no_route, "the machine can't be reached", now);
            count_late(transit, done, now);
        }
    }
    if (held->waiting.size() == 0) {
        holds_.open_held(machine, service, resumer(now));
        flow_changed_ = true;
    } else {
        held->release_at = now + between_slices;
    }
}

void Forwarder::end_hold(const std::string& machine, const std::string& service,
                         base::Instant now) {
    HeldDestination* held = holds_.held(machine, service);
    for (WaitingRoom::Guest& guest : held->waiting.take_all()) {
        guest.transit.pin = guest.pin;
        const std::uint64_t done = counters_.done();
        if (read(guest.transit, now)) {
            refuse(guest.transit, Refusal::timeout, "its destination was held for too long", now);
        }
        count_late(guest.transit, done, now);
    }
    holds_.open_held(machine, service, resumer(now));
    flow_changed_ = true;
}

// Opens the gates of queues that are short again, and lets go what waited.
void Forwarder::flow_turn(base::Instant now) {
    if (holds_.empty()) {
        return;
    }
    for (const auto& [id, since] : holds_.crowded_services()) {
        const Connection* connection = connections_.find(id);
        if (connection == nullptr || !connection->terminal.up() ||
            connection->terminal.output().size() <= options_.terminal.low_mark() ||
            now >= since + options_.terminal.hold_timeout) {
            holds_.open_service(id, resumer(now));
            flow_changed_ = true;
        }
    }
    for (const auto& [id, since] : holds_.crowded_links()) {
        const Neighbour* neighbour = neighbours_.find(id);
        if (neighbour == nullptr || under_low(*neighbour) ||
            now >= since + options_.terminal.hold_timeout) {
            holds_.open_link(id, resumer(now));
            flow_changed_ = true;
        }
    }
    std::vector<std::pair<std::string, std::string>> due;
    holds_.for_each_held(
        [&](const std::string& machine, const std::string& service, HeldDestination& held) {
            if (held.until <= now || (held.draining && held.release_at <= now)) {
                due.emplace_back(machine, service);
            }
        });
    for (const auto& [machine, service] : due) {
        if (holds_.held(machine, service)->draining) {
            release(machine, service, now);
        } else {
            end_hold(machine, service, now);
        }
    }
    if (std::exchange(flow_changed_, false)) {
        holds_.open_names(
            [this](const std::string& name) {
                return !decider({}).held(Destinations::look_up_in(*table_, name));
            },
            resumer(now));
    }
}

base::Instant Forwarder::flow_deadline() const {
    base::Instant next = base::never;
    if (holds_.empty()) {
        return next;
    }
    for (const auto& crowd : holds_.crowded_services()) {
        next = std::min(next, crowd.second + options_.terminal.hold_timeout);
    }
    for (const auto& crowd : holds_.crowded_links()) {
        next = std::min(next, crowd.second + options_.terminal.hold_timeout);
    }
    holds_.for_each_held([&](const std::string&, const std::string&, const HeldDestination& held) {
        next = std::min(next, held.draining ? held.release_at : held.until);
    });
    return next;
}

}  // namespace jetway::router
