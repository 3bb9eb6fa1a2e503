#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

std::string neighbours_text(const Json& answer, bool colour) {
    Table table({"MACHINE",
                 "TERMINAL",
                 "STATE",
                 {"COST", true},
                 {"ROUTES", true},
                 {"REFUSED", true},
                 {"ROUND TRIP", true},
                 "LAST HEARD",
                 {"INCARNATION", true}});
    for (const Json& neighbour : list_at(answer, "neighbours")) {
        const Json& round_trip = object_at(neighbour, "roundTripMicroseconds");
        const auto smoothed = std::chrono::microseconds(number_at(round_trip, "smoothed"));
        const bool heard = !text_at(neighbour, "lastHeardMs").empty();
        table.add({text_at(neighbour, "machineId"), text_at(neighbour, "terminal"),
                   state_cell(text_at(neighbour, "state")), text_at(neighbour, "cost"),
                   text_at(neighbour, "routes"), text_at(neighbour, "refused"),
                   round_trip.empty() ? "" : format_milliseconds(smoothed),
                   heard ? format_age(number_at(neighbour, "lastHeardMs")) + " ago" : "",
                   text_at(neighbour, "incarnation")});
    }
    return table.empty() ? "no neighbours\n" : table.text(colour);
}

}  // namespace jetway::console
