#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/table.h"
#include "console/text.h"
#include "console/trace.h"

namespace jetway::console {

using envelope::Json;

namespace {

std::string micros(std::uint64_t microseconds) {
    return format_count(microseconds) + " µs";
}

std::string plural_routers(std::size_t count) {
    return format_plural(count, "router");
}

// Where the leg ended, and why.
std::string end_of(const Json& leg, bool colour) {
    const bool dry = flag_at(leg, "dry");
    const auto said = [colour](const std::string& text, Tone tone) {
        return paint(printable(text), tone, colour);
    };
    const Json& hops = list_at(leg, "hops");
    const std::string outcome = text_at(leg, "outcome");
    if (outcome == "delivered" && !hops.empty()) {
        const Json& last = hops.back();
        const std::string to = text_at(last, "to");
        const std::string what =
            to == "router" || to == "lo"
                ? "taken by the router itself"
                : std::string(dry ? "would be delivered" : "delivered") + " to " + to;
        return said("ends at " + text_at(last, "machineId") + ": " + what, Tone::good);
    }
    const std::string at = text_at(leg, "at");
    if (outcome == "refused") {
        return said("refused" + (at.empty() ? "" : " at " + at) + ": " + text_at(leg, "code") +
                        ": " + text_at(leg, "message"),
                    Tone::bad);
    }
    if (hops.empty()) {
        return said("no router reported: " + text_at(leg, "from") + " did not answer in time",
                    Tone::bad);
    }
    const Json* last = nullptr;
    for (const Json& hop : hops) {
        last = flag_at(hop, "reported") ? &hop : last;
    }
    return said("nothing was heard after " + text_at(*last, "machineId") +
                    ", which sent it on by " + text_at(*last, "to") +
                    ": the next router is gone, does not read, or does not report",
                Tone::bad);
}

std::string leg_text(const Json& leg, bool colour) {
    const bool dry = flag_at(leg, "dry");
    Table table({{"HOP", true},
                 "MACHINE",
                 "IN",
                 "OUT",
                 {"IN ROUTER", true},
                 {"QUEUE", true},
                 {"REPORTED AFTER", true},
                 "WHY"});
    std::size_t number = 0;
    std::size_t reported = 0;
    for (const Json& hop : list_at(leg, "hops")) {
        const std::string count = std::to_string(number++);
        const std::string machine = text_at(hop, "machineId");
        if (!flag_at(hop, "reported")) {
            table.add({count,
                       {machine.empty() ? "?" : machine, Tone::bad},
                       "?",
                       "?",
                       "?",
                       "?",
                       "?",
                       {"this router did not report", Tone::bad}});
            continue;
        }
        ++reported;
        const bool known = hop.contains("queuedBytes") && !hop["queuedBytes"].is_null();
        table.add({count, machine, text_at(hop, "from"), text_at(hop, "to"),
                   micros(number_at(hop, "microseconds")),
                   known ? format_bytes(number_at(hop, "queuedBytes")) : std::string(),
                   micros(number_at(hop, "reportedAfterMicroseconds")), text_at(hop, "why")});
    }
    std::string text = printable(text_at(leg, "leg") + ", from " + text_at(leg, "from") + " to " +
                                 text_at(leg, "destination")) +
                       "\n";
    if (!table.empty()) {
        text += table.text(colour);
        text += "in all " + micros(number_at(leg, "microseconds")) + ": " +
                micros(number_at(leg, "inRoutersMicroseconds")) + " in " +
                plural_routers(reported) + ", " + micros(number_at(leg, "betweenMicroseconds")) +
                " between them and for the request and the report\n";
    }
    text += end_of(leg, colour) + "\n";
    const bool answered =
        leg.contains("answeredAfterMicroseconds") && leg["answeredAfterMicroseconds"].is_number();
    if (answered) {
        text += "answered " + micros(number_at(leg, "answeredAfterMicroseconds")) +
                " after it was sent\n";
    } else if (!dry && text_at(leg, "outcome") == "delivered") {
        text += paint("the service has not answered in time\n", Tone::bad, colour);
    }
    return text;
}

}  // namespace

std::string trace_text(const Json& trace, bool colour) {
    std::string text;
    for (const Json& leg : list_at(trace, "legs")) {
        text += (text.empty() ? "" : "\n") + leg_text(leg, colour);
    }
    if (!flag_at(trace, "dry") && list_at(trace, "legs").size() > 0 &&
        flag_at(list_at(trace, "legs")[0], "dry")) {
        text += "an envelope was sent the same way, untraced: its answer goes elsewhere\n";
    }
    return text;
}

}  // namespace jetway::console
