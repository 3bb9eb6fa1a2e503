// `jetway status`: how a router is doing, in one page.
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "cli/view.h"
#include "console/views.h"

namespace jetway::cli {

void add_status(CLI::App& app, Context& context) {
    add_view(app, context,
             {.name = "status",
              .description = "How a router is doing: terminals, counters, processor and memory",
              .examples = "Examples:\n"
                          "  jetway status\n"
                          "  jetway status --at machine-c --json\n"
                          "  jetway status --socket tcp://127.0.0.1:9000",
              .text = console::status_text,
              .all_help = {}});
}

}  // namespace jetway::cli
