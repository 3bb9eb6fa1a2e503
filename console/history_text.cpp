#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/moment.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

namespace {

// "via machine-b, 2 hops, cost 2" or "up, 2 instances"; empty: there was none.
std::string side_text(const Json& side) {
    if (const std::string neighbour = text_at(side, "neighbour"); !neighbour.empty()) {
        return "via " + neighbour + ", " + format_plural(number_at(side, "hops"), "hop") +
               ", cost " + text_at(side, "cost");
    }
    const std::uint64_t up = number_at(side, "up");
    return text_at(side, "health") + (up > 1 ? ", " + format_plural(up, "instance") : "");
}

std::string cause_text(const Json& cause) {
    const std::string event = text_at(cause, "event");
    const std::string of = text_at(cause, "of");
    const std::string code = text_at(cause, "code");
    std::string text = event;
    std::replace(text.begin(), text.end(), '-', ' ');
    if (!of.empty()) {
        text += (event.starts_with("link-") ? " to " : " of ") + of;
    }
    return code.empty() ? text : text + " (" + code + ")";
}

Cell change_cell(const std::string& change) {
    if (change == "selected" || change == "up") {
        return {change, Tone::good};
    }
    return change == "lost" || change == "gone" ? Cell(change, Tone::bad) : state_cell(change);
}

}  // namespace

std::string history_text(const Json& answer, bool colour) {
    Table table({"TIME", "MACHINE", "SERVICE", "CHANGE", "BEFORE", "AFTER", "CAUSE"});
    const std::string now = text_at(answer, "time");
    const Json& changes = list_at(answer, "changes");
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        table.add({short_time(text_at(*change, "time"), now), text_at(*change, "machineId"),
                   text_at(*change, "service"), change_cell(text_at(*change, "change")),
                   side_text(object_at(*change, "before")), side_text(object_at(*change, "after")),
                   cause_text(object_at(*change, "cause"))});
    }
    const std::string reach =
        "the history reaches back " + format_age(number_at(answer, "reachMs"));
    if (table.empty()) {
        return "no such changes; " + reach + "\n";
    }
    return table.text(colour) + (flag_at(answer, "more")
                                     ? "There are older ones: --limit shows more; " + reach + "\n"
                                     : "");
}

void stamp(Json& history, WallTime now) {
    if (!history.is_object()) {
        return;
    }
    history["time"] = timestamp(now);
    const auto changes = history.find("changes");
    if (changes == history.end() || !changes->is_array()) {
        return;
    }
    for (Json& change : *changes) {
        if (change.is_object()) {
            change["time"] = timestamp(now - std::chrono::milliseconds(number_at(change, "ageMs")));
        }
    }
}

}  // namespace jetway::console
