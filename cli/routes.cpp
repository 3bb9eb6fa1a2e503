// `jetway routes`: by which way each service is reached.
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/moment.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "cli/view_texts.h"

namespace jetway::cli {

Cell state_cell(const std::string& state) {
    if (state == "up" || state == "selected" || state == "local" || state == "open") {
        return {state, Tone::good};
    }
    if (state == "down" || state == "unhealthy" || state == "dead" || state == "unreachable" ||
        state == "suspended") {
        return {state, Tone::bad};
    }
    if (state == "alternative" || state == "unfeasible" || state == "detached") {
        return {state, Tone::faint};
    }
    return state;
}

std::string routes_text(const envelope::Json& answer, bool colour) {
    Table table({"SERVICE",
                 "MACHINE",
                 "TERMINAL",
                 "VIA",
                 {"HOPS", true},
                 {"COST", true},
                 "STATE",
                 "HEALTH",
                 "ORIGIN"});
    for (const envelope::Json& route : list_at(answer, "routes")) {
        table.add({text_at(route, "service"), text_at(route, "machineId"),
                   text_at(route, "terminal"), text_at(route, "via"), text_at(route, "hops"),
                   text_at(route, "cost"), state_cell(text_at(route, "state")),
                   state_cell(text_at(route, "health")), text_at(route, "origin")});
    }
    return table.empty() ? "no routes: this router knows no services\n" : table.text(colour);
}

namespace {

// Asks for the routes as they stood at that moment; empty: now.
base::Result<envelope::Json> routes_at(const std::string& moment, const Ask& ask,
                                       envelope::Json args) {
    if (moment.empty()) {
        return ask(std::move(args));
    }
    if (flag_at(args, "all")) {
        return base::Error{"usage", "--at-time goes without --all: only selected routes are held"};
    }
    const auto age = age_of(moment, std::chrono::system_clock::now());
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
    view.text = routes_text;
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
