// Control: the requests to `router@<machine>` and their answers, which every face of the router
// stands on (docs/protocol.md, "Requests to router@machine"). It reads and changes nothing: what
// does, is router/draining.cpp and router/registering.cpp.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "router/connection.h"
#include "router/control_request.h"
#include "router/event_log.h"
#include "router/forwarder.h"
#include "router/history.h"
#include "router/links.h"
#include "router/options.h"
#include "router/process_figures.h"

namespace jetway::router {

// In microseconds: smoothed, variation, least, last, samples; null where none was measured yet.
nlohmann::ordered_json round_trip_json(const terminal::RoundTrip& round_trip);

class Drains;
class Traffic;

class Control {
public:
    // Everything is borrowed and outlives it.
    struct Sources {
        const Options& options;
        const gossip::Gossip& gossip;
        const ConnectionTable& connections;
        const NeighbourTable& neighbours;
        const Links& links;
        const Attachments& attachments;
        const Forwarder& forwarder;
        const History& history;
        const EventLog& events;
        const Traffic& traffic;
        const Drains& drains;
        std::function<ProcessFigures()> figures;
    };
    explicit Control(Sources sources, base::Instant started)
        : of_(std::move(sources)), started_(started) {}

    // The answer's `data`, one msgpack map with its `schema`; an error of code `bad-envelope` for a
    // request that is none.
    base::Result<base::Bytes> answer(const ControlRequest& request, base::Instant now) const;

    // What an `events` request asks for.
    struct EventQuery {
        std::optional<std::uint64_t> after;  // none: what is kept of the latest `limit`
        base::Report::Level level = base::Report::Level::info;
        std::size_t limit = 0;
    };
    static base::Result<EventQuery> read_event_query(const ControlRequest& request);
    base::Bytes events(const EventQuery& query, base::Instant now) const;

private:
    nlohmann::ordered_json status(base::Instant now) const;
    // routes_view.cpp
    nlohmann::ordered_json routes(bool all) const;
    nlohmann::ordered_json services() const;
    // terminals_view.cpp
    nlohmann::ordered_json terminals(base::Instant now) const;
    nlohmann::ordered_json neighbours(base::Instant now) const;
    // statistics_view.cpp
    nlohmann::ordered_json statistics(base::Instant now) const;
    nlohmann::ordered_json link_statistics(base::Instant now) const;
    // history_view.cpp and graph_view.cpp
    base::Result<nlohmann::ordered_json> history(const ControlRequest& request,
                                                 base::Instant now) const;
    base::Result<nlohmann::ordered_json> past_routes(std::uint64_t age_ms, base::Instant now) const;
    nlohmann::ordered_json graph(bool all) const;
    // explain_view.cpp
    base::Result<nlohmann::ordered_json> explain(const ControlRequest& request,
                                                 base::Instant now) const;
    // events_view.cpp
    nlohmann::ordered_json recent_refusals(base::Instant now) const;
    // ledger_view.cpp
    nlohmann::ordered_json ledger() const;
    nlohmann::ordered_json link_ledger(const Neighbour& neighbour) const;
    nlohmann::ordered_json service_ledger() const;
    nlohmann::ordered_json holds() const;
    nlohmann::ordered_json begin(std::string_view schema) const;
    std::string terminal_name(TerminalId id) const;

    Sources of_;
    base::Instant started_;
};

}  // namespace jetway::router
