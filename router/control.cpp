#include "router/control.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "envelope/cursor.h"

namespace jetway::router {

using base::Error;
using base::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t max_request = 4096;  // bytes of a name or argument

Error bad(std::string detail) {
    return {"bad-envelope", std::move(detail)};
}

bool read_args(envelope::Cursor& cursor, ControlRequest& request) {
    std::uint32_t count = 0;
    if (!cursor.read_map(count)) {
        return false;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        std::string_view key;
        std::string_view text;
        bool value = false;
        std::uint64_t number = 0;
        if (!cursor.read_text(key) || key.size() > max_request) {
            return false;
        }
        if (cursor.read_text(text)) {
            request.texts.insert_or_assign(std::string(key),
                                           std::string(text.substr(0, max_request)));
        } else if (cursor.read_boolean(value)) {
            request.flags.insert_or_assign(std::string(key), value);
        } else if (cursor.read_unsigned(number)) {
            request.numbers.insert_or_assign(std::string(key), number);
        } else if (!cursor.skip()) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<ControlRequest> read_control_request(base::ByteView data) {
    ControlRequest request;
    envelope::Cursor cursor(data);
    std::uint32_t keys = 0;
    if (!cursor.read_map(keys)) {
        return bad("a request to the router is a map {request: str, args?: map}");
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        std::string_view name;
        if (!cursor.read_text(key)) {
            return bad("a key of a request must be str");
        }
        if (key == "request") {
            if (!cursor.read_text(name) || name.size() > max_request) {
                return bad("`request` must be str");
            }
            request.name = name;
        } else if (key == "args") {
            if (!read_args(cursor, request)) {
                return bad("`args` must be a map with str keys");
            }
        } else if (!cursor.skip()) {
            return bad("the request is cut short");
        }
    }
    if (request.name.empty()) {
        return bad("a request must say its `request`");
    }
    return request;
}

Result<base::Bytes> Control::answer(const ControlRequest& request, base::Instant now) const {
    const auto packed = [](const Result<Json>& answer) -> Result<base::Bytes> {
        if (!answer) {
            return answer.error();
        }
        base::Bytes data;
        Json::to_msgpack(*answer, data);
        return data;
    };
    if (request.name == "status") {
        return packed(status(now));
    }
    if (request.name == "routes") {
        const auto age = request.numbers.find("ageMs");
        return packed(age != request.numbers.end() ? past_routes(age->second, now)
                                                   : routes(request.flag("all")));
    }
    if (request.name == "services") {
        return packed(services());
    }
    if (request.name == "terminals") {
        return packed(terminals(now));
    }
    if (request.name == "neighbours") {
        return packed(neighbours(now));
    }
    if (request.name == "statistics") {
        return packed(statistics(now));
    }
    if (request.name == "history") {
        return packed(history(request, now));
    }
    if (request.name == "graph") {
        return packed(graph(request.flag("all")));
    }
    if (request.name == "ledger") {
        return packed(ledger());
    }
    if (request.name == "explain") {
        return packed(explain(request, now));
    }
    if (request.name == "refusals") {
        return packed(recent_refusals(now));
    }
    if (request.name == "events") {
        const Result<EventQuery> query = read_event_query(request);
        return query ? Result<base::Bytes>(events(*query, now)) : query.error();
    }
    return bad(
        "this router answers status, routes, services, terminals, neighbours, statistics, history, "
        "graph, explain, ledger, events, refusals, trace, drain, undrain, register, deregister, "
        "health, policy and ping");
}

Json Control::begin(std::string_view schema) const {
    return {{"schema", schema}, {"machineId", of_.options.machine}};
}

std::string Control::terminal_name(TerminalId id) const {
    const Connection* connection = of_.connections.find(id);
    return connection != nullptr ? connection->terminal.name() : std::string();
}

Json Control::status(base::Instant now) const {
    const Counters& counters = of_.forwarder.counters();
    std::size_t up = 0;
    std::uint64_t skipped = 0;
    of_.connections.for_each([&](const Connection& connection) {
        up += connection.terminal.up() ? 1U : 0U;
        skipped += connection.terminal.counters().skipped;
    });
    Json refused = Json::object();
    for (std::size_t i = 0; i < counters.refused.size(); ++i) {
        if (counters.refused[i] > 0) {
            refused[std::string(refusal_codes[i])] = counters.refused[i];
        }
    }
    const ProcessFigures figures = of_.figures();
    Json answer = begin("jetway.status/1");
    answer["incarnation"] = of_.options.incarnation;
    answer["version"] = JETWAY_VERSION;
    answer["insecure"] = of_.options.insecure;
    answer["uptimeMs"] = base::to_microseconds(now - started_) / 1000;
    answer["terminals"] = {{"up", up}, {"all", of_.connections.size()}};
    answer["machines"] = of_.forwarder.table().machines().size();
    answer["services"] = of_.forwarder.table().service_count();
    answer["counters"] = {{"received", counters.received},      {"originated", counters.originated},
                          {"returned", counters.returned},      {"forwarded", counters.forwarded},
                          {"delivered", counters.delivered},    {"refused", std::move(refused)},
                          {"errorsHeld", counters.errors_held}, {"skipped", skipped},
                          {"waiting", of_.forwarder.waiting()}};
    const Holds& holds = of_.forwarder.holds();
    answer["holds"] = {{"destinations", holds.destinations()},
                       {"told", holds.told_in_all()},
                       {"toldEver", counters.holds_told},
                       {"waiting", holds.waiting()},
                       {"waitingBytes", holds.waiting_bytes()}};
    const gossip::Counters& gossip = of_.gossip.counters();
    answer["gossip"] = {{"received", gossip.announces_received},
                        {"sent", gossip.announces_sent},
                        {"malformed", gossip.malformed},
                        {"refused", gossip.refused},
                        {"bytesAnnounced", gossip.bytes_announced}};
    Json listening = Json::array();
    for (const auto& [whom, where] : figures.listening) {
        listening.push_back({{"for", whom}, {"at", where}});
    }
    answer["listening"] = std::move(listening);
    answer["cpuMicroseconds"] = figures.cpu_microseconds;
    answer["residentBytes"] = figures.resident_bytes;
    return answer;
}

namespace {

// `up` if any instance is, else what the first is.
std::map<std::string, std::string_view> health_of(const envelope::Catalog& catalog) {
    std::map<std::string, std::string_view> health;
    for (const envelope::CatalogService& entry : catalog.services) {
        const auto [at, fresh] = health.try_emplace(entry.service.name, health_name(entry.health));
        if (!fresh && entry.health == envelope::Health::up) {
            at->second = health_name(entry.health);
        }
    }
    return health;
}

}  // namespace

// One row for each service and each way to a machine that lists it.
Json Control::routes(bool all) const {
    Json rows = Json::array();
    for (const auto& view : of_.gossip.machines()) {
        if (view.catalog == nullptr) {
            continue;
        }
        const bool ours = view.machine == of_.options.machine;
        for (const auto& listed : health_of(*view.catalog)) {
            const auto row = [&](std::string_view terminal, std::string way, std::uint16_t hops,
                                 std::uint16_t cost, gossip::RouteState state,
                                 std::string_view origin) {
                const bool selected = state == gossip::RouteState::selected;
                rows.push_back({{"service", listed.first},
                                {"machineId", view.machine},
                                {"terminal", terminal},
                                {"via", std::move(way)},
                                {"hops", hops},
                                {"cost", cost},
                                {"state", selected ? "selected" : "alternative"},
                                {"feasible", state != gossip::RouteState::unfeasible},
                                {"origin", origin},
                                {"health", listed.second}});
            };
            if (ours) {
                row("local", "local", 0, 0, gossip::RouteState::selected, "local");
            }
            for (const gossip::LearnedRoute& route : view.routes) {
                const Neighbour* next = of_.neighbours.find(route.link);
                if (ours || next == nullptr ||
                    (!all && route.state != gossip::RouteState::selected)) {
                    continue;
                }
                std::string way = next->machine;
                if (way != view.machine) {
                    way += "→";
                    way += view.machine;
                }
                row(next->name, std::move(way), route.hops, route.cost, route.state, "gossip");
            }
        }
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
        return a["service"].get_ref<const std::string&>() <
               b["service"].get_ref<const std::string&>();
    });
    Json answer = begin("jetway.routes/1");
    answer["routes"] = std::move(rows);
    return answer;
}

Json Control::services() const {
    Json rows = Json::array();
    for (const auto& view : of_.gossip.machines()) {
        if (view.catalog == nullptr) {
            continue;
        }
        const bool ours = view.machine == of_.options.machine;
        for (const envelope::CatalogService& entry : view.catalog->services) {
            rows.push_back({{"name", entry.service.name},
                            {"machineId", view.machine},
                            {"instance", entry.instance},
                            {"health", health_name(entry.health)},
                            {"capabilities", entry.service.capabilities},
                            {"version", entry.service.version},
                            {"weight", entry.service.weight},
                            {"hops", ours                       ? 0
                                     : view.selected != nullptr ? int{view.selected->hops}
                                                                : -1},
                            {"reachable", ours || view.selected != nullptr},
                            {"ninep", entry.ninep}});
        }
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
        return a["name"].get_ref<const std::string&>() < b["name"].get_ref<const std::string&>();
    });
    Json answer = begin("jetway.services/1");
    answer["services"] = std::move(rows);
    return answer;
}

Json Control::terminals(base::Instant now) const {
    std::map<TerminalId, base::Instant> crowded;  // those that don't read, since when
    for (const auto& [terminal, since] : of_.forwarder.holds().crowded_services()) {
        crowded.emplace(terminal, since);
    }
    Json rows = Json::array();
    rows.push_back({{"name", "lo"},
                    {"type", "loopback"},
                    {"state", "up"},
                    {"peer", ""},
                    {"address", ""},
                    {"services", {"echo"}},
                    {"queuedBytes", 0},
                    {"framesIn", 0},
                    {"framesOut", 0},
                    {"bytesIn", 0},
                    {"bytesOut", 0},
                    {"refused", 0}});
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
            rows.push_back({{"name", link.name},
                            {"type", "network"},
                            {"state", "down"},
                            {"peer", link.peer},
                            {"address", ""},
                            {"services", Json::array()},
                            {"queuedBytes", 0},
                            {"framesIn", 0},
                            {"framesOut", 0},
                            {"bytesIn", 0},
                            {"bytesOut", 0},
                            {"refused", 0}});
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
