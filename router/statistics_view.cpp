// The part of Control that answers `statistics`: all that is counted and measured here, for metrics
// and for those who look at the rates. One row a terminal and one a neighbour; none for a client,
// a service or a route.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "router/control.h"
#include "router/drains.h"
#include "router/traffic.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;

namespace {

// `counts` has one more than `bounds`: what was above them all.
template <std::size_t Bounds>
Json histogram_json(const Histogram<Bounds>& histogram) {
    return {{"boundsMicroseconds", histogram.bounds()},
            {"counts", histogram.counts()},
            {"sumMicroseconds", histogram.sum()}};
}

// Of 0, 1, 2… hops, as far as any had.
Json hops_json(const Passage& passage) {
    std::size_t used = passage.hops.size();
    while (used > 0 && passage.hops[used - 1] == 0) {
        --used;
    }
    Json counts = Json::array();
    for (std::size_t i = 0; i < used; ++i) {
        counts.push_back(passage.hops[i]);
    }
    return counts;
}

Json terminals_json(const Traffic::Rows& rows) {
    Json terminals = Json::array();
    for (const auto& [name, sums] : rows) {
        terminals.push_back({{"name", name},
                             {"type", sums.type},
                             {"peer", sums.peer},
                             {"connections", sums.connections},
                             {"queuedBytes", sums.queued_bytes},
                             {"envelopesIn", sums.envelopes_in},
                             {"envelopesOut", sums.envelopes_out},
                             {"framesIn", sums.frames_in},
                             {"framesOut", sums.frames_out},
                             {"bytesIn", sums.bytes_in},
                             {"bytesOut", sums.bytes_out},
                             {"refused", sums.refused},
                             {"skipped", sums.skipped}});
    }
    return terminals;
}

Json routes_json(const gossip::Gossip& gossip) {
    std::uint64_t reachable = 0;
    std::uint64_t awaited = 0;
    std::array<std::uint64_t, 3> by_state{};
    for (const gossip::Gossip::MachineView& view : gossip.machines()) {
        const bool ours = view.machine == gossip.machine();
        reachable += ours || view.selected != nullptr ? 1U : 0U;
        awaited += view.awaited ? 1U : 0U;
        for (const gossip::LearnedRoute& route : view.routes) {
            ++by_state[static_cast<std::size_t>(route.state)];
        }
    }
    return {{"machines", reachable},     {"awaited", awaited},
            {"selected", by_state[0]},   {"alternative", by_state[1]},
            {"unfeasible", by_state[2]}, {"known", gossip.known_machines()}};
}

Json process_json(const ProcessFigures& figures) {
    return {{"cpuMicroseconds", figures.cpu_microseconds},
            {"residentBytes", figures.resident_bytes},
            {"openFiles", figures.open_files},
            {"mostOpenFiles", figures.most_open_files},
            {"startedUnixMs", figures.started_unix_ms}};
}

}  // namespace

Json round_trip_json(const terminal::RoundTrip& round_trip) {
    if (round_trip.samples() == 0) {
        return nullptr;
    }
    return {{"smoothed", base::to_microseconds(round_trip.smoothed())},
            {"variation", base::to_microseconds(round_trip.variation())},
            {"least", base::to_microseconds(round_trip.least())},
            {"last", base::to_microseconds(round_trip.last())},
            {"samples", round_trip.samples()}};
}

// A neighbour that is there, or one that the deployment has a link to.
Json Control::link_statistics(base::Instant now) const {
    Json rows = Json::array();
    std::vector<std::string_view> there;
    const auto with_counts = [this](Json row, const std::string& machine) {
        const Traffic::Link* found = of_.traffic.find_link(machine);
        const Traffic::Link counts = found != nullptr ? *found : Traffic::Link{};
        row["up"] = counts.up;
        row["down"] = counts.down;
        row["resumed"] = counts.resumed;
        row["resent"] = counts.resent;
        row["failedDials"] = counts.failed_dials;
        return row;
    };
    for (const gossip::Gossip::LinkView& link : of_.gossip.links()) {
        const Neighbour* neighbour = of_.neighbours.find(link.link);
        if (neighbour == nullptr) {
            continue;
        }
        const Connection* carrier = of_.connections.find(neighbour->terminal);
        there.push_back(link.neighbour);
        Json row{{"machineId", link.neighbour},
                 {"terminal", neighbour->name},
                 {"state", carrier != nullptr ? "up" : "suspended"},
                 {"cost", link.cost},
                 {"routes", link.routes},
                 {"refusedEntries", link.refused},
                 {"unacknowledgedBytes", neighbour->session.kept_bytes()},
                 {"announcementAgeMs", nullptr},
                 {"roundTripMicroseconds", nullptr}};
        if (link.last_announce != base::Instant::min()) {
            row["announcementAgeMs"] = base::to_microseconds(now - link.last_announce) / 1000;
        }
        if (carrier != nullptr) {
            row["roundTripMicroseconds"] = round_trip_json(carrier->terminal.round_trip());
        }
        rows.push_back(with_counts(std::move(row), neighbour->machine));
    }
    for (const ConfiguredLink& link : of_.links.configured()) {
        if (std::find(there.begin(), there.end(), link.peer) == there.end()) {
            rows.push_back(with_counts({{"machineId", link.peer},
                                        {"terminal", link.name},
                                        {"state", "down"},
                                        {"cost", link.cost},
                                        {"routes", 0},
                                        {"refusedEntries", 0},
                                        {"unacknowledgedBytes", 0},
                                        {"announcementAgeMs", nullptr},
                                        {"roundTripMicroseconds", nullptr}},
                                       link.peer));
        }
    }
    return rows;
}

Json Control::statistics(base::Instant now) const {
    const Counters& counters = of_.forwarder.counters();
    const Passage& passage = of_.forwarder.passage();
    const gossip::Counters& gossip = of_.gossip.counters();
    const ProcessFigures figures = of_.figures();
    const Drains::Drain* drain = of_.drains.all();
    Json answer = begin("jetway.statistics/1");
    answer["incarnation"] = of_.options.incarnation;
    answer["version"] = JETWAY_VERSION;
    answer["uptimeMs"] = base::to_microseconds(now - started_) / 1000;
    answer["state"] = drain == nullptr ? "running" : drain->ending ? "ending" : "draining";
    Json refused = Json::object();
    for (std::size_t i = 0; i < counters.refused.size(); ++i) {
        refused[std::string(refusal_codes[i])] = counters.refused[i];
    }
    answer["envelopes"] = {
        {"received", counters.received},      {"originated", counters.originated},
        {"returned", counters.returned},      {"forwarded", counters.forwarded},
        {"delivered", counters.delivered},    {"toRouter", counters.by_router},
        {"toLoopback", counters.by_loopback}, {"waiting", of_.forwarder.waiting()},
        {"errorsHeld", counters.errors_held}, {"refused", std::move(refused)}};
    answer["forwarding"] = histogram_json(passage.forwarding);
    answer["waited"] = histogram_json(passage.waiting);
    answer["hops"] = hops_json(passage);
    answer["connections"] = of_.connections.size();
    answer["terminals"] = terminals_json(of_.traffic.rows(of_.connections, of_.neighbours));
    answer["holds"] = holds();
    answer["links"] = link_statistics(now);
    answer["routes"] = routes_json(of_.gossip);
    answer["services"] = of_.forwarder.table().service_count();
    Json causes = Json::object();
    for (std::size_t i = 0; i < event_count; ++i) {
        const auto event = static_cast<Event>(i);
        causes[std::string(event_name(event))] = of_.history.recorded(event);
    }
    answer["routeChanges"] = std::move(causes);
    answer["gossip"] = {{"received", gossip.announces_received},
                        {"sent", gossip.announces_sent},
                        {"malformed", gossip.malformed},
                        {"refused", gossip.refused},
                        {"bytesAnnounced", gossip.bytes_announced},
                        {"fullSent", gossip.full_sent},
                        {"fullAsked", gossip.full_asked},
                        {"requestsSent", gossip.requests_sent}};
    answer["process"] = process_json(figures);
    const ProcessFigures::Configuration& configuration = figures.configuration;
    answer["configuration"] = {{"loaded", configuration.loaded},
                               {"failed", configuration.failed},
                               {"lastLoadedUnixMs", configuration.last_loaded_unix_ms},
                               {"lastFailedUnixMs", configuration.last_failed_unix_ms}};
    answer["handshakes"] = {{"accepted", figures.handshakes.accepted},
                            {"unfinished", figures.handshakes.unfinished},
                            {"refused", Json::object()}};
    for (const auto& [code, count] : figures.handshakes.refused) {
        answer["handshakes"]["refused"][code] = count;
    }
    for (const char* key : {"clients", "clientsRefused", "clientsStalled"}) {
        answer[key] = Json::object();
    }
    for (const auto& [protocol, clients] : figures.clients) {
        answer["clients"][protocol] = clients.open;
        answer["clientsRefused"][protocol] = clients.refused;
        answer["clientsStalled"][protocol] = clients.stalled;
    }
    answer["events"] = of_.events.newest();
    return answer;
}

}  // namespace jetway::router
