// The parts of Router and Forwarder that ask router/permissions.h: at HELLO and ATTACH, at every
// envelope from a terminal that has rules, and after a change of the deployment.
#include <algorithm>

#include "envelope/address.h"
#include "router/router.h"

namespace jetway::router {

// Points the connection to the rules that hold for it now. What it has attached stays attached;
// where it may send is asked anew.
void Router::apply_rules(Connection& connection) {
    connection.rules = nullptr;
    connection.permitted.clear();
    if (connection.arrival.by != Entry::local_listener || connection.arrival.in_process) {
        return;
    }
    for (const LocalTerminal& local : options_.locals) {
        if (local.name == connection.arrival.terminal) {
            connection.rules = &local.rules;
        }
    }
}

Refused Router::why_not_attach(const Connection& connection,
                               const std::vector<envelope::ServiceEntry>& services) const {
    for (const envelope::ServiceEntry& service : services) {
        if (connection.rules != nullptr) {
            if (Refused why = router::why_not_attach(*connection.rules, service.name)) {
                return why;
            }
        }
        if (options_.strict_services &&
            !gossip::gives(*options_.strict_services, options_.machine, service.name)) {
            return "`" + service.name +
                   "` may not be attached at this machine: the deployment does not list it there "
                   "(strict_services)";
        }
    }
    return std::nullopt;
}

void Router::set_gossip_rules() {
    gossip::Rules rules;
    rules.lists = options_.strict_services;
    for (const ConfiguredLink& link : options_.links) {
        if (!link.announce.all()) {
            rules.neighbours.emplace(link.peer, link.announce);
        }
    }
    gossip_.set_rules(std::move(rules), now_);
    record({Event::reconfigure, {}, {}});
}

// The loopback answers with what the sender has written, so there the answer's address must be
// allowed as well. Any other answer, and a refusal, is of whoever makes it.
bool Forwarder::check_send(Connection& from, const Transit& transit, base::Instant now) {
    const envelope::EnvelopeView& view = transit.view;
    if (!from.rules->send || (!from.permitted.empty() && view.destination == from.permitted)) {
        return true;
    }
    const bool reflected = envelope::split_address(view.destination).service == "echo";
    const bool elsewhere = reflected && !view.reply_to.empty() && view.reply_to != from.address &&
                           !may_send(*from.rules, view.reply_to, options_.machine);
    if (elsewhere || !may_send(*from.rules, view.destination, options_.machine)) {
        const std::string_view to = elsewhere ? view.reply_to : view.destination;
        refuse(transit, Refusal::forbidden,
               "nothing may be sent from this terminal to `" +
                   std::string(to.substr(0, envelope::max_address)) +
                   "`: the deployment allows other destinations (allow.send)",
               now);
        return false;
    }
    if (!reflected) {
        from.permitted = view.destination;
    }
    return true;
}

// What another router is asked to change is asked for by somebody who may change this one: that
// router can't know who it was.
bool Forwarder::check_request(const Connection& from, const Transit& transit, base::Instant now) {
    const std::string_view machine = envelope::split_address(transit.view.destination).machine;
    if (machine == options_.machine) {
        return true;
    }
    const base::Result<ControlRequest> asked = read_control_request(transit.view.data);
    if (!asked || !asked->changes_router()) {
        return true;
    }
    const Refused why = why_not_control(options_.control, from.arrival);
    if (why) {
        refuse(transit, Refusal::forbidden, *why, now);
    }
    return !why;
}

Refused Router::why_not_change(const envelope::EnvelopeView& request,
                               const Transit& transit) const {
    const Connection* from = connections_.find(transit.from);
    if (from == nullptr) {
        return "whoever asked is gone";
    }
    return transit.origin == Origin::router
               ? why_not_control_from(options_.control, from->arrival, request.source)
               : why_not_control(options_.control, from->arrival);
}

}  // namespace jetway::router
