#include "cli/view.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/report.h"
#include "client/control.h"

namespace jetway::cli {

namespace {

using envelope::Json;

struct ViewOptions {
    RouterOptions router;
    std::string machine;
    bool json = false;
    bool all = false;
};

int show(const View& view, const ViewOptions& options, const Context& context) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    if (!client) {
        return exit_code;
    }
    const Ask ask = [&](Json args) {
        const client::ControlRequest request{view.name, std::move(args), options.machine};
        return client::control(*client, request, options.router.timeout);
    };
    Json args;
    if (view.takes_all) {
        args["all"] = options.all;
    }
    const base::Result<Json> answer =
        view.fetch ? view.fetch(ask, std::move(args)) : ask(std::move(args));
    if (!answer) {
        const std::string& machine =
            options.machine.empty() ? client->machine_id() : options.machine;
        return fail(view.name + " of router@" + machine, answer.error());
    }
    print(options.json ? envelope::write_json(*answer) + "\n" : view.text(*answer, context.colour));
    return view.exit_code ? view.exit_code(*answer) : exit_yes;
}

}  // namespace

void add_view(CLI::App& app, Context& context, View view) {
    CLI::App* verb = app.add_subcommand(view.name, view.description);
    verb->footer(view.examples);
    const auto options = std::make_shared<ViewOptions>();
    add_router_options(*verb, options->router);
    verb->add_option(view.at_alias.empty() ? "--at" : "--at," + view.at_alias, options->machine,
                     "Ask this machine's router, through the mesh")
        ->type_name("MACHINE");
    verb->add_flag("--json", options->json, view.json_help);
    if (view.takes_all) {
        verb->add_flag("--all", options->all, view.all_help);
    }
    if (view.add_options) {
        view.add_options(*verb);
    }
    verb->callback([options, &context, view = std::move(view)] {
        context.exit_code = show(view, *options, context);
    });
}

}  // namespace jetway::cli
