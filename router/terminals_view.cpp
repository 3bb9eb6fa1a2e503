// The part of Control that answers `terminals` and `neighbours`: who is connected, and by what.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "router/control.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;

namespace {

// Of a terminal without a connection: nothing has gone over it.
Json idle_row(std::string_view name, std::string_view type, std::string_view state,
              std::string_view peer) {
    return {{"name", name},     {"type", type},  {"state", state},
            {"peer", peer},     {"address", ""}, {"services", Json::array()},
            {"queuedBytes", 0}, {"framesIn", 0}, {"framesOut", 0},
            {"bytesIn", 0},     {"bytesOut", 0}, {"refused", 0}};
}

}  // namespace

Json Control::terminals(base::Instant now) const {
    std::map<TerminalId, base::Instant> crowded;  // those that don't read, since when
    for (const auto& [terminal, since] : of_.forwarder.holds().crowded_services()) {
        crowded.emplace(terminal, since);
    }
    Json rows = Json::array();
    rows.push_back(idle_row("lo", "loopback", "up", ""));
    rows.back()["services"].push_back("echo");
    std::vector<std::string> shown;
    of_.connections.for_each([&](const Connection& connection) {
        const terminal::Terminal& terminal = connection.terminal;
        const terminal::Counters& counters = terminal.counters();
        Json services = Json::array();
        for (const auto& [name, service] : connection.services) {
            services.push_back(name);
        }
        shown.push_back(terminal.name());
        rows.push_back(
            {{"name", terminal.name()},
             {"type", type_name(terminal.type())},
             {"state", terminal::state_name(terminal.state())},
             {"peer", terminal.is_router() ? terminal.peer_machine() : connection.client},
             {"address", terminal.peer_address()},
             {"services", std::move(services)},
             {"queuedBytes", terminal.output().size()},
             {"framesIn", counters.frames_in},
             {"framesOut", counters.frames_out},
             {"bytesIn", counters.bytes_in},
             {"bytesOut", counters.bytes_out},
             {"refused", counters.refused},
             {"unhealthy", connection.unhealthy},
             {"heldMs", nullptr}});
        if (const auto since = crowded.find(terminal.id()); since != crowded.end()) {
            rows.back()["heldMs"] = base::to_microseconds(now - since->second) / 1000;
        }
    });
    for (const ConfiguredLink& link : of_.links.configured()) {
        if (std::find(shown.begin(), shown.end(), link.name) == shown.end()) {
            rows.push_back(idle_row(link.name, "network", "down", link.peer));
        }
    }
    Json answer = begin("jetway.terminals/1");
    answer["terminals"] = std::move(rows);
    return answer;
}

namespace {

// What went over the link in the life of its session, and what is under way.
Json session_of(const Neighbour& neighbour) {
    const terminal::Session& session = neighbour.session;
    return {{"id", session_text(session.id())},
            {"sent", session.sent()},
            {"acknowledged", session.acknowledged()},
            {"received", session.received()},
            {"unacknowledgedBytes", session.kept_bytes()},
            {"resumed", neighbour.resumed},
            {"resent", neighbour.resent}};
}

// Why a configured link isn't up; null: nothing has failed yet, or nobody dials it from here.
Json failure_of(const Links& links, std::size_t link, base::Instant now) {
    const Links::Failure* failure = links.failure(link);
    if (failure == nullptr) {
        return nullptr;
    }
    return {{"code", failure->code},
            {"why", failure->why},
            {"times", failure->times},
            {"ageMs", base::to_microseconds(now - failure->at) / 1000}};
}

}  // namespace

Json Control::neighbours(base::Instant now) const {
    Json rows = Json::array();
    std::vector<std::string_view> up;
    for (const auto& link : of_.gossip.links()) {
        const Neighbour* neighbour = of_.neighbours.find(link.link);
        if (neighbour == nullptr) {
            continue;
        }
        const Connection* connection = of_.connections.find(neighbour->terminal);
        up.push_back(link.neighbour);
        rows.push_back({{"machineId", link.neighbour},
                        {"terminal", neighbour->name},
                        {"state", connection != nullptr ? "up" : "suspended"},
                        {"cost", link.cost},
                        {"incarnation", neighbour->incarnation},
                        {"routes", link.routes},
                        {"refused", link.refused},
                        {"lastHeardMs", nullptr},
                        {"roundTripMicroseconds", nullptr}});
        if (connection != nullptr) {
            rows.back()["lastHeardMs"] =
                base::to_microseconds(now - connection->terminal.last_heard()) / 1000;
            rows.back()["roundTripMicroseconds"] =
                round_trip_json(connection->terminal.round_trip());
        }
        rows.back()["session"] = session_of(*neighbour);
    }
    for (std::size_t i = 0; i < of_.links.configured().size(); ++i) {
        const ConfiguredLink& link = of_.links.configured()[i];
        if (std::find(up.begin(), up.end(), link.peer) == up.end()) {
            rows.push_back({{"machineId", link.peer},
                            {"terminal", link.name},
                            {"state", "down"},
                            {"cost", link.cost},
                            {"incarnation", 0},
                            {"routes", 0},
                            {"refused", 0},
                            {"lastHeardMs", nullptr},
                            {"roundTripMicroseconds", nullptr},
                            {"address", link.address},
                            {"failure", failure_of(of_.links, i, now)}});
        }
    }
    Json answer = begin("jetway.neighbours/1");
    answer["neighbours"] = std::move(rows);
    return answer;
}

}  // namespace jetway::router
