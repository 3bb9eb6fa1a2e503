// The part of Router that answers what is sent to `router@` this machine.
#include "envelope/address.h"
#include "router/router.h"

namespace jetway::router {

void Router::on_request(const envelope::EnvelopeView& request, const Transit& transit) {
    const std::string_view to = request.answer_to();
    const std::string_view service = envelope::split_address(to).service;
    if (request.is_answer() || to.empty() || service == "router" || service == "echo" ||
        envelope::split_address(to).everywhere()) {
        return;
    }
    base::Result<ControlRequest> asked = read_control_request(request.data);
    if (asked && asked->changes_router()) {
        if (const Refused why = why_not_change(request, transit)) {
            asked = base::Error{"forbidden", *why};
        }
    }
    if (asked && asked->name == "9p-dial") {
        const std::optional<base::Error> why = begin_ninep_dial(request, *asked);
        if (!why) {
            return;  // the shell answers
        }
        asked = *why;
    }
    if (asked && (asked->name == "ping" || asked->name == "trace")) {
        const std::optional<base::Error> why = why_not_trace(*asked, transit);
        if (!why) {
            start_trace(request, asked->texts["destination"]);
            return;  // the routers on its way answer
        }
        asked = *why;
    }
    if (asked && asked->name == "events" && park(request, *asked)) {
        return;
    }
    answer(to, request.id, asked ? respond(*asked) : base::Result<base::Bytes>(asked.error()),
           request.destination);
}

void Router::answer(std::string_view to, base::ByteView id, const base::Result<base::Bytes>& answer,
                    std::string_view destination) {
    envelope::ErrorFields error;
    if (!answer) {
        error = {.code = answer.error().code,
                 .message = answer.error().detail,
                 .at = options_.machine,
                 .destination = std::string(destination)};
    }
    forwarder_.originate({.source = {},
                          .destination = to,
                          .reply_to = {},
                          .id = {},
                          .in_reply_to = id,
                          .headers = {},
                          .error = answer ? nullptr : &error,
                          .data = answer ? base::ByteView(*answer) : base::ByteView()},
                         0, now_);
}

// Nothing but what is registered here is dialled for others.
std::optional<base::Error> Router::begin_ninep_dial(const envelope::EnvelopeView& request,
                                                    const ControlRequest& asked) {
    constexpr std::size_t most_waiting = 256;
    const auto address = asked.texts.find("address");
    const auto stream = asked.numbers.find("stream");
    if (address == asked.texts.end() || stream == asked.numbers.end() || request.id.empty()) {
        return base::Error{"bad-envelope", "9p-dial needs an id, `address` and `stream`: uint"};
    }
    if (ninep_dials_.size() >= most_waiting) {
        return base::Error{"overloaded", "too many streams are being opened"};
    }
    for (const auto& [name, instances] : registrations_.services()) {
        for (const Registration& one : instances) {
            if (one.address == address->second) {
                ninep_dials_.push_back({std::string(request.answer_to()),
                                        base::Bytes(request.id.begin(), request.id.end()),
                                        stream->second, one.where});
                return std::nullopt;
            }
        }
    }
    return base::Error{"no-instance", address->second + " is not registered here"};
}

// A terminal that may not send there may not look for the way either.
std::optional<base::Error> Router::why_not_trace(const ControlRequest& asked,
                                                 const Transit& transit) const {
    const auto destination = asked.texts.find("destination");
    if (destination == asked.texts.end() || !envelope::valid_address(destination->second) ||
        envelope::split_address(destination->second).everywhere()) {
        return base::Error{"bad-envelope",
                           asked.name + " needs `destination`: service or service@machine"};
    }
    const Connection* from = connections_.find(transit.from);
    if (from != nullptr && from->rules != nullptr &&
        !may_send(*from->rules, destination->second, options_.machine)) {
        return base::Error{"forbidden", "this terminal may not send there (allow.send)"};
    }
    return std::nullopt;
}

// A traced frame that ends before the service: the reports of the routers on its way are the
// answer. It is bound as one of the asker's own would be.
void Router::start_trace(const envelope::EnvelopeView& request, const std::string& destination) {
    const std::uint8_t nil = 0xc0;
    forwarder_.originate({.source = request.source,
                          .destination = destination,
                          .reply_to = request.answer_to(),
                          .id = request.id,
                          .in_reply_to = {},
                          .headers = {},
                          .error = nullptr,
                          .data = {&nil, 1}},
                         envelope::flag::trace | envelope::flag::dry, now_);
}

}  // namespace jetway::router
