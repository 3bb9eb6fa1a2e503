// The verbs. Each add_… adds one to the command line, with its options, its help and its examples;
// its callback runs it and leaves the exit code in the Context. To add a verb: a file with its
// add_…, a line here, a line in main.cpp.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/context.h"

namespace jetway::cli {

void add_run(CLI::App& app, Context& context);
void add_up(CLI::App& app, Context& context);
void add_certs(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_routes(CLI::App& app, Context& context);
void add_services(CLI::App& app, Context& context);
void add_terminals(CLI::App& app, Context& context);
void add_neighbours(CLI::App& app, Context& context);
void add_history(CLI::App& app, Context& context);
void add_graph(CLI::App& app, Context& context);
void add_send(CLI::App& app, Context& context);
void add_request(CLI::App& app, Context& context);
void add_listen(CLI::App& app, Context& context);
void add_serve(CLI::App& app, Context& context);
void add_ping(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_events(CLI::App& app, Context& context);
void add_refusals(CLI::App& app, Context& context);
void add_trace(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_debug(CLI::App& app, Context& context);
void add_drain(CLI::App& app, Context& context);
void add_register(CLI::App& app, Context& context);
void add_deregister(CLI::App& app, Context& context);
void add_policy(CLI::App& app, Context& context);
void add_ledger(CLI::App& app, Context& context);
void add_top(CLI::App& app, Context& context);
void add_ninep(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);
void add_prove(CLI::App& app, Context& context);
void add_sim(CLI::App& app, Context& context);

}  // namespace jetway::cli
