#include "console/top.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

namespace {

const Json& row_of(const Json& rows, const std::string& key, const std::string& name) {
    static const Json none;
    for (const Json& row : rows) {
        if (text_at(row, key) == name) {
            return row;
        }
    }
    return none;
}

// Between two answers of one incarnation.
class Span {
public:
    Span(const Json& before, const Json& after)
        : same_(before.is_object() &&
                number_at(before, "incarnation") == number_at(after, "incarnation") &&
                number_at(before, "uptimeMs") < number_at(after, "uptimeMs")),
          before_(same_ ? before : nothing()),
          after_(after) {}

    double seconds() const {
        const std::uint64_t ms = number_at(after_, "uptimeMs") - number_at(before_, "uptimeMs");
        return std::max(static_cast<double>(ms) / 1000, 0.001);
    }
    // Of a count that only grows.
    static std::uint64_t grown(const Json& before, const Json& after, const std::string& key) {
        const std::uint64_t now = number_at(after, key);
        return now - std::min(now, number_at(before, key));
    }
    double rate(const Json& before, const Json& after, const std::string& key) const {
        return std::round(static_cast<double>(grown(before, after, key)) / seconds() * 10) / 10;
    }
    const Json& before() const { return before_; }

private:
    static const Json& nothing() {
        static const Json none = Json::object();
        return none;
    }

    bool same_;
    const Json& before_;
    const Json& after_;
};

std::uint64_t count_in(const Json& list, std::size_t at) {
    return at < list.size() && list[at].is_number_unsigned() ? list[at].get<std::uint64_t>() : 0;
}

// The bound that a share of what grew is under; null: none.
Json percentile(const Json& before, const Json& after, double share) {
    const Json& bounds = list_at(after, "boundsMicroseconds");
    const Json& counts = list_at(after, "counts");
    const Json& old = list_at(before, "counts");
    std::vector<std::uint64_t> grown;
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const std::uint64_t now = count_in(counts, i);
        grown.push_back(now - std::min(now, count_in(old, i)));
        all += grown.back();
    }
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < grown.size() && all > 0; ++i) {
        so_far += grown[i];
        if (static_cast<double>(so_far) >= share * static_cast<double>(all)) {
            return i < bounds.size() ? bounds[i] : Json(nullptr);
        }
    }
    return nullptr;
}

std::string tenths(const Json& object, const std::string& key) {
    const auto found = object.find(key);
    const double value = found != object.end() && found->is_number() ? found->get<double>() : 0;
    if (value >= 100) {
        return format_count(static_cast<std::uint64_t>(value));
    }
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

std::string microseconds(const Json& object, const std::string& key) {
    const std::uint64_t value = number_at(object, key);
    return value == 0 ? "" : format_milliseconds(std::chrono::microseconds(value));
}

}  // namespace

Json rates(const Json& before, const Json& after) {
    const Span span(before, after);
    const Json& then = span.before();
    const Json& envelopes = object_at(after, "envelopes");
    const Json& envelopes_then = object_at(then, "envelopes");
    Json terminals = Json::array();
    std::uint64_t queued = 0;
    for (const Json& now : list_at(after, "terminals")) {
        const std::string name = text_at(now, "name");
        const Json& old = row_of(list_at(then, "terminals"), "name", name);
        queued += number_at(now, "queuedBytes");
        terminals.push_back({{"name", name},
                             {"connections", number_at(now, "connections")},
                             {"envelopesInPerSecond", span.rate(old, now, "envelopesIn")},
                             {"envelopesOutPerSecond", span.rate(old, now, "envelopesOut")},
                             {"bytesInPerSecond", span.rate(old, now, "bytesIn")},
                             {"bytesOutPerSecond", span.rate(old, now, "bytesOut")},
                             {"refusedPerSecond", span.rate(old, now, "refused")},
                             {"queuedBytes", number_at(now, "queuedBytes")}});
    }
    Json links = Json::array();
    for (const Json& now : list_at(after, "links")) {
        const std::string name = text_at(now, "machineId");
        const Json& old = row_of(list_at(then, "links"), "machineId", name);
        const Json& round_trip = object_at(now, "roundTripMicroseconds");
        links.push_back({{"machineId", name},
                         {"state", text_at(now, "state")},
                         {"roundTripMicroseconds", number_at(round_trip, "smoothed")},
                         {"leastMicroseconds", number_at(round_trip, "least")},
                         {"unacknowledgedBytes", number_at(now, "unacknowledgedBytes")},
                         {"down", Span::grown(old, now, "down")},
                         {"resumed", Span::grown(old, now, "resumed")},
                         {"resent", Span::grown(old, now, "resent")}});
    }
    Json refused = Json::object();
    double refused_in_all = 0;
    const Json& by_code = object_at(envelopes, "refused");
    for (const auto& [code, count] : by_code.items()) {
        const double rate = span.rate(object_at(envelopes_then, "refused"), by_code, code);
        refused_in_all += rate;
        if (number_at(by_code, code) > 0) {
            refused[code] = {{"perSecond", rate}, {"ever", count}};
        }
    }
    const Json& process = object_at(after, "process");
    const double cpu =
        static_cast<double>(Span::grown(object_at(then, "process"), process, "cpuMicroseconds"));
    const Json& forwarding = object_at(after, "forwarding");
    const Json& forwarding_then = object_at(then, "forwarding");
    return {{"machineId", text_at(after, "machineId")},
            {"state", text_at(after, "state")},
            {"uptimeMs", number_at(after, "uptimeMs")},
            {"seconds", span.seconds()},
            {"receivedPerSecond", span.rate(envelopes_then, envelopes, "received")},
            {"forwardedPerSecond", span.rate(envelopes_then, envelopes, "forwarded")},
            {"deliveredPerSecond", span.rate(envelopes_then, envelopes, "delivered")},
            {"refusedPerSecond", refused_in_all},
            {"waiting", number_at(envelopes, "waiting")},
            {"queuedBytes", queued},
            {"cpuPercent", std::round(cpu / span.seconds() / 1000) / 10},
            {"residentBytes", number_at(process, "residentBytes")},
            {"forwardingMicroseconds",
             {{"p50", percentile(forwarding_then, forwarding, 0.5)},
              {"p99", percentile(forwarding_then, forwarding, 0.99)}}},
            {"terminals", std::move(terminals)},
            {"links", std::move(links)},
            {"refused", std::move(refused)}};
}

std::string top_text(const std::vector<Json>& routers, bool colour) {
    Table machines({"MACHINE",
                    "STATE",
                    {"UP", true},
                    {"IN/s", true},
                    {"FORWARDED/s", true},
                    {"DELIVERED/s", true},
                    {"REFUSED/s", true},
                    {"WAITING", true},
                    {"QUEUED", true},
                    {"TURN p50", true},
                    {"p99", true},
                    {"CPU %", true},
                    {"MEMORY", true}});
    Table terminals({"MACHINE",
                     "TERMINAL",
                     {"CONNECTIONS", true},
                     {"IN/s", true},
                     {"OUT/s", true},
                     {"BYTES IN/s", true},
                     {"BYTES OUT/s", true},
                     {"REFUSED/s", true},
                     {"QUEUED", true}});
    Table links({"MACHINE",
                 "LINK TO",
                 "STATE",
                 {"ROUND TRIP", true},
                 {"LEAST", true},
                 {"UNACKNOWLEDGED", true},
                 {"DOWN", true},
                 {"RESUMED", true},
                 {"RESENT", true}});
    Table refusals({"MACHINE", "REFUSED", {"PER SECOND", true}, {"EVER", true}});
    for (const Json& router : routers) {
        const std::string machine = text_at(router, "machineId");
        const Json& times = object_at(router, "forwardingMicroseconds");
        const std::string state = text_at(router, "state");
        machines.add({machine, Cell(state, state == "running" ? Tone::good : Tone::bad),
                      format_age(number_at(router, "uptimeMs")),
                      tenths(router, "receivedPerSecond"), tenths(router, "forwardedPerSecond"),
                      tenths(router, "deliveredPerSecond"), tenths(router, "refusedPerSecond"),
                      format_count(number_at(router, "waiting")),
                      format_bytes(number_at(router, "queuedBytes")), microseconds(times, "p50"),
                      microseconds(times, "p99"), tenths(router, "cpuPercent"),
                      format_bytes(number_at(router, "residentBytes"))});
        for (const Json& one : list_at(router, "terminals")) {
            const auto bytes = [&one](const char* key) {
                const auto found = one.find(key);
                return format_bytes(found != one.end() && found->is_number()
                                        ? static_cast<std::uint64_t>(found->get<double>())
                                        : 0);
            };
            terminals.add({machine, text_at(one, "name"), text_at(one, "connections"),
                           tenths(one, "envelopesInPerSecond"),
                           tenths(one, "envelopesOutPerSecond"), bytes("bytesInPerSecond"),
                           bytes("bytesOutPerSecond"), tenths(one, "refusedPerSecond"),
                           bytes("queuedBytes")});
        }
        for (const Json& one : list_at(router, "links")) {
            links.add({machine, text_at(one, "machineId"), state_cell(text_at(one, "state")),
                       microseconds(one, "roundTripMicroseconds"),
                       microseconds(one, "leastMicroseconds"),
                       format_bytes(number_at(one, "unacknowledgedBytes")), text_at(one, "down"),
                       text_at(one, "resumed"), text_at(one, "resent")});
        }
        for (const auto& [code, count] : object_at(router, "refused").items()) {
            refusals.add({machine, code, tenths(count, "perSecond"),
                          format_count(number_at(count, "ever"))});
        }
    }
    std::string text = machines.text(colour);
    for (const Table* table : {&terminals, &links, &refusals}) {
        if (!table->empty()) {
            text += "\n" + table->text(colour);
        }
    }
    return text;
}

}  // namespace jetway::console
