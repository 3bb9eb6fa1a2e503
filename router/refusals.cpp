// The part of Forwarder that answers: refusals and trace reports, and how many of them a terminal
// may cause.
#include <algorithm>

#include "envelope/address.h"
#include "envelope/packer.h"
#include "router/forwarder.h"

namespace jetway::router {

namespace flag = envelope::flag;

namespace {
constexpr std::size_t most_refused_services = 4096;
}

// Whether one more answer may be made because of what came by that terminal.
bool Forwarder::may_speak(const Transit& transit, base::Instant now) {
    Connection* from = connections_.find(transit.from);
    RateLimit& limit = from != nullptr ? from->errors : own_errors_;
    const bool may = limit.allow(options_.errors, now);
    counters_.errors_held += may ? 0 : 1;
    return may;
}

void Forwarder::count_refused(std::string_view destination, Refusal refusal) {
    const std::string_view service = envelope::split_address(destination).service;
    if (!envelope::valid_name(service) || envelope::reserved_name(service)) {
        return;
    }
    auto found = refused_by_service_.find(service);
    if (found == refused_by_service_.end()) {
        if (refused_by_service_.size() >= most_refused_services) {
            return;
        }
        found = refused_by_service_.emplace(service, Refusals{}).first;
    }
    ++found->second[static_cast<std::size_t>(refusal)];
}

void Forwarder::count_gone(const Connection& service) {
    if (!service.terminal.is_router()) {
        counters_.gone.received += service.envelopes_in;
        counters_.gone.delivered += service.envelopes_out;
    }
}

void Forwarder::count_gone(const Neighbour& link) {
    counters_.gone.received += link.session.received();
    counters_.gone.sent += link.forwarded;
}

void Forwarder::refuse(const Transit& transit, Refusal refusal, std::string_view message,
                       base::Instant now) {
    // What a dead link gave back may have arrived: nobody who is told of it should take it for sure
    // that it has not.
    if ((transit.flags & flag::possible_duplicate) != 0 &&
        (refusal == Refusal::no_route || refusal == Refusal::no_instance)) {
        refusal = Refusal::link_lost;
        message = "the link it was sent on died, and no other way leads there; it may have arrived";
    }
    ++counters_.refused[static_cast<std::size_t>(refusal)];
    Connection* from = connections_.find(transit.from);
    if (from != nullptr) {
        ++from->terminal.counters().refused;
    }
    envelope::EnvelopeView view = transit.view;
    if (!transit.read && envelope::read_envelope(transit.body, view) != nullptr) {
        view = {};
    }
    count_refused(view.destination, refusal);
    if (!transit.dry()) {  // who looks for a way hears of it, and nobody else needs to
        refusal_log_.note(refusal, view.destination, view.source,
                          from != nullptr ? std::string_view(from->terminal.name()) : "", message,
                          now);
    }
    // What a service has no right to say is answered to the service itself, as is what can't be
    // read.
    const bool to_sender = refusal == Refusal::bad_envelope ||
                           refusal == Refusal::forbidden_source || refusal == Refusal::forbidden;
    if (to_sender && transit.origin == Origin::router) {
        return;
    }
    std::string_view to = view.answer_to();
    if (to_sender && from != nullptr) {
        to = from->address;
    }
    const envelope::Address address = envelope::split_address(to);
    if (!view.error.empty() || to.empty() || address.everywhere() || address.service == "router" ||
        address.service == "echo" || !may_speak(transit, now)) {
        return;
    }
    const envelope::ErrorFields error{
        .code = std::string(refusal_code(refusal)),
        .message = std::string(message),
        .at = options_.machine,
        .destination = std::string(view.destination.substr(0, envelope::max_address))};
    originate({.source = {},
               .destination = to,
               .reply_to = {},
               .id = {},
               .in_reply_to = view.id,
               .headers = {},
               .error = &error,
               .data = {}},
              0, now);
}

void Forwarder::refuse_to(Connection& connection, Refusal refusal, std::string_view message,
                          base::Instant now) {
    Transit transit;
    transit.from = connection.terminal.id();
    if (!may_speak(transit, now)) {
        return;
    }
    const envelope::ErrorFields error{.code = std::string(refusal_code(refusal)),
                                      .message = std::string(message),
                                      .at = options_.machine,
                                      .destination = {}};
    originate({.source = {},
               .destination = connection.address,
               .reply_to = {},
               .id = {},
               .in_reply_to = {},
               .headers = {},
               .error = &error,
               .data = {}},
              0, now);
}

void Forwarder::report_trace(const Transit& transit, std::string_view to, std::string_view reason,
                             base::Instant now) {
    Transit read_again = transit;
    if (try_read(read_again) != nullptr) {
        return;  // it went on as it is: whoever reads it refuses it
    }
    const envelope::EnvelopeView& view = read_again.view;
    if (view.reply_to.empty() || !may_speak(transit, now)) {
        return;
    }
    const Connection* from = connections_.find(transit.from);
    const base::Instant until = clock_ ? clock_() : now;
    base::Bytes data;
    envelope::Packer packer(data);
    packer.map(6).text("machineId").text(options_.machine);
    packer.text("from").text(from != nullptr ? std::string_view(from->terminal.name()) : "router");
    packer.text("to").text(to);
    packer.text("hopsLeft").number(transit.hops);
    packer.text("reason").text(reason);
    packer.text("microseconds")
        .number(static_cast<std::uint64_t>(
            std::max<std::int64_t>(0, base::to_microseconds(until - transit.arrived))));
    originate({.source = {},
               .destination = view.reply_to,
               .reply_to = {},
               .id = {},
               .in_reply_to = view.id,
               .headers = {},
               .error = nullptr,
               .data = data},
              0, now);
}

}  // namespace jetway::router
