// The answers of Control that stand on the history: `history`, and `routes` of an earlier moment.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "router/control.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;

namespace {

// Changes in one answer, which is so below 8 MiB whatever the names; who wants more asks for those
// before the last one.
constexpr std::size_t page = 4'096;

std::uint64_t to_milliseconds(base::Duration duration) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_microseconds(duration))) /
           1'000;
}

Json way_json(const std::optional<Way>& way) {
    if (!way) {
        return nullptr;
    }
    return {{"neighbour", way->neighbour},
            {"terminal", way->terminal},
            {"hops", way->hops},
            {"cost", way->cost}};
}

Json service_json(const std::optional<ServiceState>& state) {
    if (!state) {
        return nullptr;
    }
    return {{"health", envelope::health_name(state->health)}, {"up", state->up}};
}

std::string_view what_changed(const Change& change) {
    if (!change.service.empty()) {
        return change.service_after ? envelope::health_name(change.service_after->health) : "gone";
    }
    if (!change.way_after) {
        return "lost";
    }
    return change.way_before ? "changed" : "selected";
}

Json change_json(const Change& change, base::Instant now) {
    const bool of_service = !change.service.empty();
    return {
        {"number", change.number},
        {"ageMs", to_milliseconds(now - change.at)},
        {"machineId", change.machine},
        {"service", change.service},
        {"change", what_changed(change)},
        {"before", of_service ? service_json(change.service_before) : way_json(change.way_before)},
        {"after", of_service ? service_json(change.service_after) : way_json(change.way_after)},
        {"cause",
         {{"event", event_name(change.cause.event)},
          {"of", change.cause.of},
          {"code", change.cause.code}}}};
}

// "12 min 3 s" would be kinder, but what a router says is read by programs, too.
std::string seconds_text(std::uint64_t milliseconds) {
    const std::string rest = std::to_string(1'000 + milliseconds % 1'000).substr(1);
    return std::to_string(milliseconds / 1'000) + "." + rest + " s";
}

}  // namespace

base::Result<Json> Control::history(const ControlRequest& request, base::Instant now) const {
    const auto number = [&request](std::string_view key) -> std::uint64_t {
        const auto found = request.numbers.find(key);
        return found != request.numbers.end() ? found->second : 0;
    };
    History::Query query;
    if (const auto of = request.texts.find("of"); of != request.texts.end()) {
        query.of = of->second;
    }
    query.before = number("before");
    query.limit = number("limit") > 0 ? std::min<std::size_t>(number("limit"), page) : page;
    const History::Answer found = of_.history.changes(query);
    Json rows = Json::array();
    for (const Change& change : found.changes) {
        rows.push_back(change_json(change, now));
    }
    Json answer = begin("jetway.history/1");
    answer["reachMs"] = to_milliseconds(now - of_.history.reach());
    answer["held"] = of_.history.size();
    answer["recorded"] = of_.history.recorded();
    answer["more"] = found.more;
    answer["changes"] = std::move(rows);
    return answer;
}

// The rows of `routes` as they stood that long ago.
base::Result<Json> Control::past_routes(std::uint64_t age_ms, base::Instant now) const {
    const std::uint64_t reach = to_milliseconds(now - of_.history.reach());
    if (age_ms > reach || of_.history.most() == 0) {
        const std::string why = of_.history.recorded() > of_.history.size()
                                    ? ", for older changes are no longer held"
                                    : ", when this router was started";
        return base::Error{"bad-envelope", "the history reaches back " + seconds_text(reach) + why +
                                               "; " + seconds_text(age_ms) + " is before that"};
    }
    Json rows = Json::array();
    const base::Instant then = now - std::chrono::milliseconds(age_ms);
    for (const History::Machine& machine : of_.history.table_at(then)) {
        const bool ours = machine.name == of_.options.machine;
        if (!ours && !machine.way) {
            continue;
        }
        const Way way = machine.way.value_or(Way{"local", "local", 0, 0});
        std::string via(way.neighbour);
        if (!ours && via != machine.name) {
            via += "→" + machine.name;
        }
        for (const auto& [service, state] : machine.services) {
            rows.push_back({{"service", service},
                            {"machineId", machine.name},
                            {"terminal", way.terminal},
                            {"via", via},
                            {"hops", way.hops},
                            {"cost", way.cost},
                            {"state", "selected"},
                            {"feasible", true},
                            {"origin", ours ? "local" : "gossip"},
                            {"health", envelope::health_name(state.health)}});
        }
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
        return a["service"].get_ref<const std::string&>() <
               b["service"].get_ref<const std::string&>();
    });
    Json answer = begin("jetway.routes/1");
    answer["ageMs"] = age_ms;
    answer["routes"] = std::move(rows);
    return answer;
}

}  // namespace jetway::router
