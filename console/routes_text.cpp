#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

Cell state_cell(const std::string& state) {
    if (state == "up" || state == "selected" || state == "local" || state == "open") {
        return {state, Tone::good};
    }
    if (state == "down" || state == "unhealthy" || state == "dead" || state == "unreachable" ||
        state == "suspended") {
        return {state, Tone::bad};
    }
    if (state == "alternative" || state == "unfeasible" || state == "detached") {
        return {state, Tone::faint};
    }
    return state;
}

std::string routes_text(const Json& answer, bool colour) {
    Table table({"SERVICE",
                 "MACHINE",
                 "TERMINAL",
                 "VIA",
                 {"HOPS", true},
                 {"COST", true},
                 "STATE",
                 "HEALTH",
                 "ORIGIN"});
    for (const Json& route : list_at(answer, "routes")) {
        table.add({text_at(route, "service"), text_at(route, "machineId"),
                   text_at(route, "terminal"), text_at(route, "via"), text_at(route, "hops"),
                   text_at(route, "cost"), state_cell(text_at(route, "state")),
                   state_cell(text_at(route, "health")), text_at(route, "origin")});
    }
    return table.empty() ? "no routes: this router knows no services\n" : table.text(colour);
}

}  // namespace jetway::console
