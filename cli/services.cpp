// `jetway services`: which services the mesh has, and where.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "cli/view.h"
#include "cli/view_texts.h"

namespace jetway::cli {

std::string services_text(const envelope::Json& answer, bool colour) {
    const envelope::Json& services = list_at(answer, "services");
    const bool ninep = std::any_of(services.begin(), services.end(), [](const envelope::Json& one) {
        return !text_at(one, "ninep").empty();
    });
    std::vector<Column> columns{"SERVICE", "MACHINE",        {"INSTANCE", true},
                                "HEALTH",  "REACHABLE",      {"HOPS", true},
                                "VERSION", {"WEIGHT", true}, "CAPABILITIES"};
    if (ninep) {
        columns.emplace_back("9P");
    }
    Table table(std::move(columns));
    for (const envelope::Json& service : services) {
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

void add_services(CLI::App& app, Context& context) {
    add_view(app, context,
             {.name = "services",
              .description = "Which services the mesh has, on which machines, and how they are",
              .examples = "Examples:\n"
                          "  jetway services\n"
                          "  jetway services --json | jq -r '.services[].name'",
              .text = services_text,
              .all_help = {}});
}

}  // namespace jetway::cli
