// The answers of Control to `events` and `refusals`.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "router/control.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;
using Level = base::Report::Level;

namespace {

constexpr std::size_t page = 1'000;  // events in one answer
constexpr std::array<std::string_view, 4> level_names = {"debug", "info", "warning", "error"};

std::int64_t age_ms(base::Instant then, base::Instant now) {
    return std::max<std::int64_t>(0, base::to_microseconds(now - then)) / 1'000;
}

}  // namespace

base::Result<Control::EventQuery> Control::read_event_query(const ControlRequest& request) {
    EventQuery query;
    if (const auto after = request.numbers.find("after"); after != request.numbers.end()) {
        query.after = after->second;
    }
    const auto limit = request.numbers.find("limit");
    query.limit =
        limit != request.numbers.end() ? std::min<std::size_t>(limit->second, page) : page;
    if (const auto level = request.texts.find("level"); level != request.texts.end()) {
        const auto* const name = std::find(level_names.begin(), level_names.end(), level->second);
        if (name == level_names.end()) {
            return base::Error{"bad-envelope",
                               "`level` must be debug, info, warning or error, not `" +
                                   level->second.substr(0, 32) + "`"};
        }
        query.level = static_cast<Level>(name - level_names.begin());
    }
    return query;
}

base::Bytes Control::events(const EventQuery& query, base::Instant now) const {
    const EventLog::Page found = query.after
                                     ? of_.events.read(*query.after, query.level, query.limit)
                                     : of_.events.last(query.level, query.limit);
    Json rows = Json::array();
    for (const EventLog::Entry* entry : found.entries) {
        Json fields = Json::object();
        for (const auto& [key, value] : entry->report.fields) {
            fields[key] = value;
        }
        rows.push_back({{"number", entry->number},
                        {"level", level_names[static_cast<std::size_t>(entry->report.level)]},
                        {"event", entry->report.event},
                        {"fields", std::move(fields)},
                        {"ageMs", age_ms(entry->at, now)}});
    }
    Json answer = begin("jetway.events/1");
    answer["events"] = std::move(rows);
    answer["next"] = found.next;
    answer["missed"] = found.missed;
    base::Bytes data;
    Json::to_msgpack(answer, data);
    return data;
}

Json Control::recent_refusals(base::Instant now) const {
    Json rows = Json::array();
    for (const RefusalLog::Row* row : of_.forwarder.refusal_log().rows()) {
        rows.push_back({{"code", refusal_code(row->code)},
                        {"destination", row->destination},
                        {"source", row->source},
                        {"terminal", row->terminal},
                        {"count", row->count},
                        {"why", row->why},
                        {"firstMs", age_ms(row->first, now)},
                        {"lastMs", age_ms(row->last, now)}});
    }
    Json answer = begin("jetway.refusals/1");
    answer["refusals"] = std::move(rows);
    return answer;
}

}  // namespace jetway::router
