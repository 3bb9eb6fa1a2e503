// `jetway neighbours`: the routers at the other ends of the network terminals.
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "cli/view.h"
#include "console/views.h"

namespace jetway::cli {

void add_neighbours(CLI::App& app, Context& context) {
    add_view(app, context,
             {.name = "neighbours",
              .description = "The routers that this one has links to, and what they told it",
              .examples = "Examples:\n"
                          "  jetway neighbours\n"
                          "  jetway neighbours --at machine-b --json",
              .text = console::neighbours_text,
              .all_help = {}});
}

}  // namespace jetway::cli
