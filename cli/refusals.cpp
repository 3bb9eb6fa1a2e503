// `jetway refusals`: what a router refused of late, by code, service and terminal.
#include "cli/verbs.h"
#include "cli/view.h"
#include "console/views.h"

namespace jetway::cli {

void add_refusals(CLI::App& app, Context& context) {
    View view;
    view.name = "refusals";
    view.description = "What a router refused of late, by code, service and terminal, and why";
    view.examples =
        "The 256 latest kinds of refusal, with the destination and the words of the last one of "
        "each. A router refuses only what it can't pass on: ask the one that is named in the error "
        "envelope (`at`).\n\nExamples:\n"
        "  jetway refusals\n"
        "  jetway refusals --at machine-b --json";
    view.text = console::refusals_text;
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
