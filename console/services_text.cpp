#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

std::string services_text(const Json& answer, bool colour) {
    const Json& services = list_at(answer, "services");
    const bool ninep = std::any_of(services.begin(), services.end(),
                                   [](const Json& one) { return !text_at(one, "ninep").empty(); });
    std::vector<Column> columns{"SERVICE", "MACHINE",        {"INSTANCE", true},
                                "HEALTH",  "REACHABLE",      {"HOPS", true},
                                "VERSION", {"WEIGHT", true}, "CAPABILITIES"};
    if (ninep) {
        columns.emplace_back("9P");
    }
    Table table(std::move(columns));
    for (const Json& service : services) {
        const bool reachable = flag_at(service, "reachable");
        std::vector<Cell> row{text_at(service, "name"),
                              text_at(service, "machineId"),
                              text_at(service, "instance"),
                              state_cell(text_at(service, "health")),
                              {reachable ? "yes" : "no", reachable ? Tone::good : Tone::bad},
                              text_at(service, "hops"),
                              text_at(service, "version"),
                              text_at(service, "weight"),
                              joined_at(service, "capabilities")};
        if (ninep) {
            row.emplace_back(text_at(service, "ninep"));
        }
        table.add(std::move(row));
    }
    return table.empty() ? "no services\n" : table.text(colour);
}

}  // namespace jetway::console
