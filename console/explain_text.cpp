#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/table.h"
#include "console/text.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

namespace {

std::string verdict(const Json& answer) {
    const std::string outcome = text_at(answer, "outcome");
    const std::string to =
        text_at(answer, "destination") + " at " + text_at(answer, "machineId") + ": ";
    const std::string bound = text_at(answer, "boundTo");
    if (outcome == "forwarded") {
        return to + "bound to " + bound + ", forwarded by " + text_at(answer, "terminal");
    }
    if (outcome == "delivered") {
        return to + "delivered here, by " + text_at(answer, "terminal");
    }
    if (outcome == "router" || outcome == "echo") {
        return to + "taken by this router itself";
    }
    if (outcome == "copied") {
        return to + "a copy to each machine that has it";
    }
    if (outcome == "waits") {
        return to + "waits for a feasible route to " + bound;
    }
    return to + "refused: " + text_at(answer, "code") + ": " + text_at(answer, "message");
}

}  // namespace

std::string explain_text(const Json& answer, bool colour) {
    Table table({"",
                 "MACHINE",
                 "TERMINAL",
                 "NEIGHBOUR",
                 {"HOPS", true},
                 {"COST", true},
                 {"INSTANCES", true},
                 "HEALTH",
                 "WHY",
                 "LEARNED"});
    for (const Json& row : list_at(answer, "candidates")) {
        const bool chosen = flag_at(row, "chosen");
        const bool learned = !text_at(row, "neighbour").empty();
        table.add({chosen ? Cell("→", Tone::good) : Cell(" "),
                   text_at(row, "machineId"),
                   text_at(row, "terminal"),
                   text_at(row, "neighbour"),
                   text_at(row, "hops"),
                   text_at(row, "cost"),
                   text_at(row, "instances"),
                   text_at(row, "health"),
                   {text_at(row, "reason") + (flag_at(row, "held") ? ", held" : ""),
                    chosen ? Tone::good : Tone::faint},
                   learned ? format_age(number_at(row, "ageMs")) + " ago" : std::string()});
    }
    return printable(verdict(answer)) + "\n" +
           (table.empty() ? "no candidates\n" : table.text(colour));
}

}  // namespace jetway::console
