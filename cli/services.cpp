// `jetway services`: which services the mesh has, and where.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "cli/view.h"
#include "console/views.h"

namespace jetway::cli {

void add_services(CLI::App& app, Context& context) {
    add_view(app, context,
             {.name = "services",
              .description = "Which services the mesh has, on which machines, and how they are",
              .examples = "Examples:\n"
                          "  jetway services\n"
                          "  jetway services --json | jq -r '.services[].name'",
              .text = console::services_text,
              .all_help = {}});
}

}  // namespace jetway::cli
