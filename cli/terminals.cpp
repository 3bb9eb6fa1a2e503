// `jetway terminals`: what is connected to a router, and what went over it.
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "cli/view.h"
#include "console/views.h"

namespace jetway::cli {

void add_terminals(CLI::App& app, Context& context) {
    add_view(app, context,
             {.name = "terminals",
              .description = "What is connected to a router: services, neighbours, the loopback",
              .examples = "Examples:\n"
                          "  jetway terminals\n"
                          "  jetway terminals --at machine-c",
              .text = console::terminals_text,
              .all_help = {}});
}

}  // namespace jetway::cli
