// jetway: the router, and the tools around it, in one binary.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "base/near_miss.h"
#include "cli/report.h"
#include "cli/verbs.h"

int main(int argc, char** argv) {
    using namespace jetway::cli;
    Context context = make_context();
    CLI::App app(
        "A mesh router for services: machines from a deployment.yml, envelopes across hops "
        "and back",
        "jetway");
    app.set_version_flag("--version", "jetway " JETWAY_VERSION);
    app.require_subcommand(1);
    app.failure_message([](const CLI::App*, const CLI::Error& error) {
        return "jetway: " + std::string(error.what()) + "; --help tells more\n";
    });
    app.footer(
        "Exit codes: 0 yes, 1 a negative answer (no route, refused), 2 usage, 3 invalid "
        "configuration, 4 no router reached, 5 timeout, 6 not permitted, 7 some did not answer.\n"
        "Environment: JETWAY_SOCKET names the router, JETWAY_CA, JETWAY_CERT, JETWAY_KEY and "
        "JETWAY_TLS_NAME are for TLS to it, NO_COLOR turns colours off.\n\nExamples:\n"
        "  jetway up deployment.yml\n"
        "  jetway request gpu-server 'hello'\n"
        "  jetway VERB --help");
    add_run(app, context);
    add_up(app, context);
    add_check(app, context);
    add_certs(app, context);
    add_plan(app, context);
    add_status(app, context);
    add_routes(app, context);
    add_services(app, context);
    add_terminals(app, context);
    add_neighbours(app, context);
    add_history(app, context);
    add_graph(app, context);
    add_send(app, context);
    add_request(app, context);
    add_listen(app, context);
    add_serve(app, context);
    add_ping(app, context);
    add_explain(app, context);
    add_debug(app, context);
    add_events(app, context);
    add_doctor(app, context);
    add_refusals(app, context);
    add_trace(app, context);
    add_drain(app, context);
    add_register(app, context);
    add_deregister(app, context);
    add_policy(app, context);
    add_ledger(app, context);
    add_top(app, context);
    add_ninep(app, context);
    add_bench(app, context);
    add_prove(app, context);
    add_sim(app, context);
    std::vector<std::string_view> verbs;
    for (const CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
        verbs.emplace_back(verb->get_name());
    }
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (!first.empty() && first.front() != '-' &&
        std::find(verbs.begin(), verbs.end(), first) == verbs.end()) {
        complain("there is no verb `" + std::string(first) + "`" +
                 jetway::base::suggestion(first, verbs));
        return exit_usage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_yes : exit_usage;
    }
    return context.exit_code;
}
