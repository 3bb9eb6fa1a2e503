// `jetway routes`: by which way each service is reached.
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "console/fields.h"
#include "console/moment.h"
#include "console/views.h"

namespace jetway::cli {

namespace {

// Asks for the routes as they stood at that moment; empty: now.
base::Result<envelope::Json> routes_at(const std::string& moment, const Ask& ask,
                                       envelope::Json args) {
    if (moment.empty()) {
        return ask(std::move(args));
    }
    if (console::flag_at(args, "all")) {
        return base::Error{"usage", "--at-time goes without --all: only selected routes are held"};
    }
    const auto age = console::age_of(moment, std::chrono::system_clock::now());
    if (!age) {
        return age.error();
    }
    args["ageMs"] = static_cast<std::uint64_t>(age->count());
    return ask(std::move(args));
}

}  // namespace

void add_routes(CLI::App& app, Context& context) {
    const auto moment = std::make_shared<std::string>();
    View view;
    view.name = "routes";
    view.description = "By which way each service is reached, now or at an earlier time";
    view.examples =
        "Examples:\n"
        "  jetway routes\n"
        "  jetway routes --all\n"
        "  jetway routes --at-time 5min\n"
        "  jetway routes --at-time 14:03:20\n"
        "  jetway routes --at machine-b --json";
    view.text = console::routes_text;
    view.takes_all = true;
    view.all_help = "The alternatives, too, and what cannot be reached";
    view.add_options = [moment](CLI::App& verb) {
        verb.add_option("--at-time", *moment,
                        "As they stood at T: an age, like 30s or 5min, or a local time HH:MM:SS")
            ->type_name("T")
            ->check(moment_check());
    };
    view.fetch = [moment](const Ask& ask, envelope::Json args) {
        return routes_at(*moment, ask, std::move(args));
    };
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
