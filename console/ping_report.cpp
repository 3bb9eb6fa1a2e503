#include "console/ping_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/text.h"
#include "envelope/address.h"

namespace jetway::console {

bool Pong::add(const envelope::Json& report) {
    constexpr std::size_t longest_way = 256;  // `hops` in a frame is a byte
    if (way.size() < longest_way) {
        way.push_back(report);
    }
    // The first router has passed nothing on yet, so most hops are left there.
    const std::uint64_t left = number_at(report, "hopsLeft");
    if (via.empty() || left > most_left) {
        via = text_at(report, "to");
        most_left = left;
    }
    const std::string reason = text_at(report, "reason");
    if (reason == "delivered") {
        machine = text_at(report, "machineId");
        return true;
    }
    hops += reason == "forwarded" ? 1U : 0U;
    return false;
}

std::string Pong::text(const std::string& destination) const {
    const std::string_view service = envelope::split_address(destination).service;
    return printable("pong from " + envelope::make_address(service, machine) + " via " + via +
                     " (" + format_plural(hops, "hop") + ") " + format_milliseconds(round_trip));
}

std::string PingSummary::text() const {
    std::string line = std::to_string(sent) + " sent, " + std::to_string(answered) + " answered";
    if (answered > 0) {
        const auto bare = [](base::Duration duration) {
            const std::string with_unit = format_milliseconds(duration);
            return with_unit.substr(0, with_unit.find(' '));
        };
        line += ", min/avg/max " + bare(min) + "/" + bare(mean) + "/" + bare(max) + " ms";
    }
    return line;
}

envelope::Json PingSummary::json(const std::string& destination) const {
    envelope::Json object{{"schema", "jetway.ping/1"},
                          {"destination", destination},
                          {"sent", sent},
                          {"answered", answered}};
    if (answered > 0) {
        object["machineId"] = last.machine;
        object["via"] = last.via;
        object["hops"] = last.hops;
        object["minMicroseconds"] = base::to_microseconds(min);
        object["avgMicroseconds"] = base::to_microseconds(mean);
        object["maxMicroseconds"] = base::to_microseconds(max);
        object["way"] = last.way;
    }
    return object;
}

PingSummary summarize(const std::vector<Pong>& pongs, std::uint64_t sent) {
    PingSummary summary;
    summary.sent = sent;
    summary.answered = pongs.size();
    if (pongs.empty()) {
        return summary;
    }
    summary.last = pongs.back();
    summary.min = base::Duration::max();
    base::Duration sum{};
    for (const Pong& pong : pongs) {
        summary.min = std::min(summary.min, pong.round_trip);
        summary.max = std::max(summary.max, pong.round_trip);
        sum += pong.round_trip;
    }
    summary.mean = sum / static_cast<std::int64_t>(pongs.size());
    return summary;
}

}  // namespace jetway::console
