#include "router/control.h"

#include <nlohmann/json.hpp>

namespace jetway::router {

using base::Result;
using Json = nlohmann::ordered_json;

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
    return base::Error{
        "bad-envelope",
        "this router answers status, routes, services, terminals, neighbours, statistics, history, "
        "graph, explain, ledger, events, refusals, trace, drain, undrain, register, deregister, "
        "health, policy and ping"};
}

Json Control::begin(std::string_view schema) const {
    return {{"schema", schema}, {"machineId", of_.options.machine}};
}

std::string Control::terminal_name(TerminalId id) const {
    const Connection* connection = of_.connections.find(id);
    return connection != nullptr ? connection->terminal.name() : std::string();
}

Json Control::holds() const {
    const Holds& holds = of_.forwarder.holds();
    return {{"destinations", holds.destinations()},
            {"told", holds.told_in_all()},
            {"toldEver", of_.forwarder.counters().holds_told},
            {"waiting", holds.waiting()},
            {"waitingBytes", holds.waiting_bytes()}};
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
    answer["holds"] = holds();
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

}  // namespace jetway::router
