#include "admin/metrics.h"

#include <nlohmann/json.hpp>

#include "admin/metrics_text.h"

namespace jetway::admin {

using envelope::Json;

namespace {

constexpr double micro = 1e-6;
constexpr double milli = 1e-3;

const Json& at(const Json& object, std::string_view key) {
    static const Json nothing;
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() ? *found : nothing;
}

double number(const Json& value) {
    return value.is_number() ? value.get<double>() : 0;
}

double number(const Json& object, std::string_view key) {
    return number(at(object, key));
}

std::string text(const Json& object, std::string_view key) {
    const Json& value = at(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::vector<std::uint64_t> counts_of(const Json& list) {
    std::vector<std::uint64_t> counts;
    for (const Json& one : list) {
        const bool count = one.is_number_integer() && one.get<std::int64_t>() > 0;
        counts.push_back(count ? one.get<std::uint64_t>() : 0);
    }
    return counts;
}

class Page {
public:
    explicit Page(const Json& statistics) : all_(statistics) {}

    std::string write() {
        about();
        envelopes();
        times();
        terminals();
        flow();
        links();
        routes();
        configuration();
        listeners();
        process();
        return out_.text();
    }

private:
    void counter(std::string_view name, std::string_view help) {
        out_.begin(name, "counter", help);
    }
    void gauge(std::string_view name, std::string_view help) { out_.begin(name, "gauge", help); }
    // One sample.
    void counter(std::string_view name, std::string_view help, double value) {
        counter(name, help);
        out_.add(value);
    }
    void gauge(std::string_view name, std::string_view help, double value) {
        gauge(name, help);
        out_.add(value);
    }
    // A sample for each entry of an object of numbers.
    void each(const Json& object, std::string_view label) {
        for (const auto& [key, value] : object.items()) {
            out_.add({{label, key}}, number(value));
        }
    }

    void about() {
        gauge("jetway_info", "The router: always 1.");
        out_.add({{"machine", text(all_, "machineId")}, {"version", text(all_, "version")}}, 1);
        gauge("jetway_uptime_seconds", "Time since the router's start.",
              number(all_, "uptimeMs") * milli);
        gauge("jetway_state", "1 for the state that the router is in.");
        for (const std::string_view state : {"running", "draining", "ending"}) {
            out_.add({{"state", state}}, text(all_, "state") == state ? 1 : 0);
        }
    }

    void envelopes() {
        const Json& envelopes = at(all_, "envelopes");
        counter("jetway_envelopes_received_total", "Envelopes from services and neighbours.",
                number(envelopes, "received"));
        counter("jetway_envelopes_originated_total",
                "Envelopes that the router made: answers, refusals, copies.",
                number(envelopes, "originated"));
        counter("jetway_envelopes_returned_total",
                "Envelopes forwarded to a link that died before it acknowledged them.",
                number(envelopes, "returned"));
        counter("jetway_envelopes_forwarded_total", "Envelopes sent to neighbours.",
                number(envelopes, "forwarded"));
        counter("jetway_envelopes_delivered_total", "Envelopes delivered here, by to what.");
        const double router = number(envelopes, "toRouter");
        const double loopback = number(envelopes, "toLoopback");
        out_.add({{"to", "service"}}, number(envelopes, "delivered") - router - loopback);
        out_.add({{"to", "router"}}, router);
        out_.add({{"to", "loopback"}}, loopback);
        counter("jetway_refusals_total", "Envelopes refused here, by reason.");
        each(at(envelopes, "refused"), "code");
        counter("jetway_errors_held_total",
                "Error envelopes and trace reports that the rate limit held back.",
                number(envelopes, "errorsHeld"));
        gauge("jetway_envelopes_waiting", "Envelopes that wait for a route or a held destination.",
              number(envelopes, "waiting"));
    }

    void histogram(std::string_view name, std::string_view help, const Json& from) {
        out_.begin(name, "histogram", help);
        std::vector<double> bounds;
        for (const Json& bound : at(from, "boundsMicroseconds")) {
            bounds.push_back(number(bound) / 1e6);
        }
        out_.add_histogram({}, bounds, counts_of(at(from, "counts")),
                           number(from, "sumMicroseconds") * micro);
    }

    void times() {
        histogram("jetway_forwarding_seconds",
                  "Time of the turn that an envelope was handled in: from the first bytes read to "
                  "the last write.",
                  at(all_, "forwarding"));
        histogram("jetway_waiting_seconds",
                  "Time that an envelope waited for a route or a held destination.",
                  at(all_, "waited"));
        hops();
    }

    void hops() {
        const std::vector<std::uint64_t> counts = counts_of(at(all_, "hops"));
        const std::vector<double> bounds = {0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32};
        std::vector<std::uint64_t> by_bound(bounds.size() + 1, 0);
        double sum = 0;
        for (std::size_t hop = 0; hop < counts.size(); ++hop) {
            std::size_t under = 0;
            while (under < bounds.size() && bounds[under] < static_cast<double>(hop)) {
                ++under;
            }
            by_bound[under] += counts[hop];
            sum += static_cast<double>(hop) * static_cast<double>(counts[hop]);
        }
        out_.begin("jetway_hops", "histogram",
                   "Hops that envelopes delivered here made between routers.");
        out_.add_histogram({}, bounds, by_bound, sum);
    }

    void by_direction(std::string_view name, std::string_view help, std::string_view in,
                      std::string_view out) {
        counter(name, help);
        for (const Json& terminal : at(all_, "terminals")) {
            const std::string who = text(terminal, "name");
            out_.add({{"terminal", who}, {"direction", "in"}}, number(terminal, in));
            out_.add({{"terminal", who}, {"direction", "out"}}, number(terminal, out));
        }
    }

    void by_terminal(std::string_view key) {
        for (const Json& terminal : at(all_, "terminals")) {
            out_.add({{"terminal", text(terminal, "name")}}, number(terminal, key));
        }
    }

    void terminals() {
        by_direction("jetway_terminal_envelopes_total",
                     "Envelopes by terminal; in: from it, out: to it.", "envelopesIn",
                     "envelopesOut");
        by_direction("jetway_terminal_frames_total", "Frames of every kind by terminal.",
                     "framesIn", "framesOut");
        by_direction("jetway_terminal_bytes_total", "Bytes of frames by terminal.", "bytesIn",
                     "bytesOut");
        counter("jetway_terminal_refused_total", "Envelopes from a terminal that were refused.");
        by_terminal("refused");
        counter("jetway_terminal_skipped_total", "Frames that mean nothing here, by terminal.");
        by_terminal("skipped");
        gauge("jetway_terminal_connections", "Connections that are open, by terminal.");
        by_terminal("connections");
        gauge("jetway_terminal_queue_bytes", "Bytes queued to be written, by terminal.");
        by_terminal("queuedBytes");
    }

    void flow() {
        const Json& holds = at(all_, "holds");
        gauge("jetway_held_destinations", "Destinations that a neighbour told to hold.",
              number(holds, "destinations"));
        gauge("jetway_holds_told", "Holds that senders were told and that stand.",
              number(holds, "told"));
        counter("jetway_holds_total", "Times that a sender was told to hold.",
                number(holds, "toldEver"));
        gauge("jetway_held_envelopes", "Envelopes that wait for held destinations.",
              number(holds, "waiting"));
        gauge("jetway_held_bytes", "Bytes of them.", number(holds, "waitingBytes"));
    }

    void by_link(std::string_view key, double unit = 1) {
        for (const Json& link : at(all_, "links")) {
            if (at(link, key).is_number()) {
                out_.add({{"neighbour", text(link, "machineId")}}, number(link, key) * unit);
            }
        }
    }

    void links() {
        gauge("jetway_link_state", "1 for the state that a link is in.");
        for (const Json& link : at(all_, "links")) {
            for (const std::string_view state : {"up", "suspended", "down"}) {
                out_.add({{"neighbour", text(link, "machineId")}, {"state", state}},
                         text(link, "state") == state ? 1 : 0);
            }
        }
        gauge("jetway_link_round_trip_seconds", "Time until a PING is answered, smoothed.");
        by_round_trip("smoothed");
        gauge("jetway_link_round_trip_variation_seconds", "How far that varies.");
        by_round_trip("variation");
        gauge("jetway_link_round_trip_min_seconds", "The shortest of the connection.");
        by_round_trip("least");
        gauge("jetway_link_announcement_age_seconds",
              "Time since a neighbour's last announcement.");
        by_link("announcementAgeMs", milli);
        gauge("jetway_link_unacknowledged_bytes",
              "Bytes sent that a neighbour has not acknowledged.");
        by_link("unacknowledgedBytes");
        counter("jetway_link_up_total", "Times that a link came up anew.");
        by_link("up");
        counter("jetway_link_down_total", "Times that a link died.");
        by_link("down");
        counter("jetway_link_resumed_total", "Times that another connection carried a link on.");
        by_link("resumed");
        counter("jetway_link_resent_total", "Frames sent again on a new connection.");
        by_link("resent");
        counter("jetway_link_failed_dials_total", "Attempts to connect that led to no neighbour.");
        by_link("failedDials");
    }

    void by_round_trip(std::string_view key) {
        for (const Json& link : at(all_, "links")) {
            const Json& round_trip = at(link, "roundTripMicroseconds");
            if (round_trip.is_object()) {
                out_.add({{"neighbour", text(link, "machineId")}}, number(round_trip, key) * micro);
            }
        }
    }

    void routes() {
        const Json& routes = at(all_, "routes");
        gauge("jetway_machines", "Machines by whether they can be reached.");
        out_.add({{"state", "reachable"}}, number(routes, "machines"));
        out_.add({{"state", "awaited"}}, number(routes, "awaited"));
        gauge("jetway_routes", "Ways to machines by state.");
        for (const std::string_view state : {"selected", "alternative", "unfeasible"}) {
            out_.add({{"state", state}}, number(routes, state));
        }
        gauge("jetway_services", "Services that are listed in the mesh.", number(all_, "services"));
        counter("jetway_route_changes_total",
                "Changes of selected routes and of what machines list, by cause.");
        each(at(all_, "routeChanges"), "cause");
        const Json& gossip = at(all_, "gossip");
        counter("jetway_announcements_total", "Announcements to and from neighbours.");
        out_.add({{"direction", "in"}}, number(gossip, "received"));
        out_.add({{"direction", "out"}}, number(gossip, "sent"));
        counter("jetway_announcements_malformed_total", "Announcements that couldn't be taken.",
                number(gossip, "malformed"));
        counter("jetway_announcement_entries_refused_total",
                "Entries of announcements that the rules refused.", number(gossip, "refused"));
        counter("jetway_announced_bytes_total", "Bytes of announcements to neighbours.",
                number(gossip, "bytesAnnounced"));
    }

    void configuration() {
        const Json& configuration = at(all_, "configuration");
        counter("jetway_configuration_loads_total", "Times that the deployment was read.");
        out_.add({{"result", "applied"}}, number(configuration, "loaded"));
        out_.add({{"result", "refused"}}, number(configuration, "failed"));
        gauge("jetway_configuration_last_load_timestamp_seconds",
              "When it was last applied, or refused; 0: never.");
        out_.add({{"result", "applied"}}, number(configuration, "lastLoadedUnixMs") * milli);
        out_.add({{"result", "refused"}}, number(configuration, "lastFailedUnixMs") * milli);
    }

    void listeners() {
        const Json& handshakes = at(all_, "handshakes");
        counter("jetway_handshakes_total", "Connections at listeners that became streams.",
                number(handshakes, "accepted"));
        counter("jetway_handshakes_refused_total", "Those that did not, by why.");
        each(at(handshakes, "refused"), "code");
        gauge("jetway_handshakes_unfinished", "Those that are under way.",
              number(handshakes, "unfinished"));
        gauge("jetway_clients", "Connections of clients that speak something else than frames.");
        each(at(all_, "clients"), "protocol");
        counter("jetway_clients_refused_total",
                "Those that were turned away: there were too many, or they may not come.");
        each(at(all_, "clientsRefused"), "protocol");
        counter("jetway_clients_stalled_total", "Those that were closed since they didn't read.");
        each(at(all_, "clientsStalled"), "protocol");
        counter("jetway_events_total", "Events since the router's start.", number(all_, "events"));
    }

    // Under the names that every Prometheus client library gives them.
    void process() {
        const Json& process = at(all_, "process");
        counter("process_cpu_seconds_total", "CPU time used, user and system.",
                number(process, "cpuMicroseconds") * micro);
        gauge("process_resident_memory_bytes", "Resident memory.",
              number(process, "residentBytes"));
        gauge("process_open_fds", "Open files.", number(process, "openFiles"));
        gauge("process_max_fds", "Open files that there may be.", number(process, "mostOpenFiles"));
        gauge("process_start_time_seconds", "When the process started, since 1970.",
              number(process, "startedUnixMs") * milli);
    }

    const Json& all_;
    MetricsText out_;
};

}  // namespace

std::string metrics_text(const Json& statistics) {
    return Page(statistics).write();
}

}  // namespace jetway::admin
