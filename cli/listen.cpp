// `jetway listen`: a service that prints what comes to it.
#include <nlohmann/json.hpp>

#include "cli/attached.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/verbs.h"
#include "console/text.h"
#include "envelope/address.h"

namespace jetway::cli {

namespace {

struct ListenOptions {
    RouterOptions router;
    std::string name;
    std::uint64_t count = 0;
    base::Duration patience{};
    bool json = false;
};

std::string line_of(const envelope::EnvelopeView& view, bool json) {
    if (json) {
        return envelope::write_json(show_envelope(view)) + "\n";
    }
    std::string line = console::printable(view.source) + ": ";
    if (!view.error.empty()) {
        const base::Error error = client::error_of(view);
        return line + console::printable("error " + error.code + ": " + error.detail) + "\n";
    }
    line += show_line(view.data);
    if (!view.reply_to.empty() && view.reply_to != view.source) {
        line += "  (reply to " + console::printable(view.reply_to) + ")";
    }
    return line + "\n";
}

int run_listen(const ListenOptions& options) {
    Attached attached;
    if (!attached.attach(options.router, options.name)) {
        return attached.exit_code();
    }
    std::uint64_t seen = 0;
    const auto done = [&] { return options.count != 0 && seen >= options.count; };
    attached.client().on_envelope([&](const envelope::EnvelopeView& view) {
        if (!done()) {
            ++seen;
            print(line_of(view, options.json));
        }
    });
    complain("listening as " +
             envelope::make_address(options.name, attached.client().machine_id()));
    return attached.wait(done, options.patience == base::Duration::zero()
                                   ? base::never
                                   : attached.runtime().now() + options.patience);
}

}  // namespace

void add_listen(CLI::App& app, Context& context) {
    CLI::App* verb =
        app.add_subcommand("listen", "Attach as a service, and print every envelope that comes");
    verb->footer(
        "A line for each: its source, and its data. Ctrl-C ends it.\n\nExamples:\n"
        "  jetway listen display-server\n"
        "  jetway listen display-server --json --count 1 --for 10s");
    const auto options = std::make_shared<ListenOptions>();
    verb->add_option("NAME", options->name, "The service to be")
        ->required()
        ->check(service_name_check());
    verb->add_option("--count", options->count, "End after so many (default: never)")
        ->type_name("N");
    add_duration(*verb, "--for", options->patience, "End after so long, with exit code 5")
        ->default_str("");
    verb->add_flag("--json", options->json, "Each envelope as a line of JSON");
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_listen(*options); });
}

}  // namespace jetway::cli
