// Control: the requests to `router@<machine>` and their answers, which every face of the router
// stands on (docs/protocol.md, "Requests to router@machine"). It reads and changes nothing: what
// does, is router/draining.cpp and router/registering.cpp.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "router/connection.h"
#include "router/event_log.h"
#include "router/forwarder.h"
#include "router/history.h"
#include "router/links.h"
#include "router/options.h"

namespace jetway::router {

// What only the shell knows of the process.
struct ProcessFigures {
    std::uint64_t cpu_microseconds = 0;  // used so far, user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_files = 0;
    std::uint64_t most_open_files = 0;  // that it may have
    std::uint64_t started_unix_ms = 0;

    // Of the deployment: times that it was read and applied, the start among them, or refused.
    struct Configuration {
        std::uint64_t loaded = 0;
        std::uint64_t failed = 0;
        std::uint64_t last_loaded_unix_ms = 0;
        std::uint64_t last_failed_unix_ms = 0;  // 0: never
    } configuration;
    // Of connections at the listeners, until they are streams of frames.
    struct Handshakes {
        std::uint64_t accepted = 0;
        std::uint64_t unfinished = 0;
        std::map<std::string, std::uint64_t, std::less<>> refused;  // by code
    } handshakes;
    // Connections at listeners that speak something else than frames.
    struct Clients {
        std::uint64_t open = 0;     // now
        std::uint64_t refused = 0;  // turned away: there were too many, or they may not come
        std::uint64_t stalled = 0;  // closed, since they didn't read
    };
    std::map<std::string, Clients, std::less<>> clients;  // by what they speak: `9p`…
    // What is listened at, as "neighbours 10.0.0.1:9001": for whom, and where.
    std::vector<std::pair<std::string, std::string>> listening{};
};

// A request, as read from an envelope's `data`: {request: str, args?: map}.
struct ControlRequest {
    std::string name;
    std::map<std::string, std::string, std::less<>> texts;      // args that are str
    std::map<std::string, bool, std::less<>> flags;             // args that are bool
    std::map<std::string, std::uint64_t, std::less<>> numbers;  // args that are uint

    bool flag(std::string_view key) const {
        const auto found = flags.find(key);
        return found != flags.end() && found->second;
    }

    // Not everybody may ask for it (docs/rights.md).
    bool changes_router() const {
        if (name == "drain" || name == "undrain") {
            return texts.find("service") != texts.end() || flag("all");
        }
        return name == "register" || name == "deregister" || name == "health" ||
               (name == "policy" && texts.find("policy") != texts.end());
    }
};

// In microseconds: smoothed, variation, least, last, samples; null where none was measured yet.
nlohmann::ordered_json round_trip_json(const terminal::RoundTrip& round_trip);

// Error: `bad-envelope`, with what was expected.
base::Result<ControlRequest> read_control_request(base::ByteView data);

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
    nlohmann::ordered_json routes(bool all) const;
    nlohmann::ordered_json services() const;
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
    nlohmann::ordered_json begin(std::string_view schema) const;
    std::string terminal_name(TerminalId id) const;

    Sources of_;
    base::Instant started_;
};

}  // namespace jetway::router
