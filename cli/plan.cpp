// `jetway plan`: what a deployment file makes of its machines, before any of them runs.
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/deployment_file.h"
#include "cli/failures.h"
#include "cli/live_reach.h"
#include "cli/options.h"
#include "cli/plan_json.h"
#include "cli/plan_mermaid.h"
#include "cli/plan_study.h"
#include "cli/plan_text.h"
#include "cli/report.h"
#include "cli/simulated.h"
#include "cli/verbs.h"

namespace jetway::cli {

namespace {

constexpr std::string_view running = "live";

struct PlanOptions {
    std::string file;
    std::string against;
    std::vector<std::string> fail;
    bool all = false;
    bool json = false;
    bool mermaid = false;
    RouterOptions router;
};

int complain_unsettled(const std::string& file, const base::Error& error) {
    complain(file + ": simulated, it does not settle: " + error.detail);
    return exit_negative;
}

// What was there before; nothing: the reason has been told, and `exit_code` says which.
std::optional<Reach> reach_of_old(const PlanOptions& options, int& exit_code) {
    if (options.against == running) {
        return read_live_reach(options.router, exit_code);
    }
    const auto deployment = read_deployment(options.against, exit_code);
    if (!deployment) {
        return std::nullopt;
    }
    base::Result<Reach> reach = Rehearsal(*deployment).settle();
    if (!reach) {
        exit_code = complain_unsettled(options.against, reach.error());
        return std::nullopt;
    }
    return std::move(*reach);
}

int run_plan(const PlanOptions& options, const Context& context) {
    int exit_code = exit_yes;
    const auto deployment = read_deployment(options.file, exit_code);
    if (!deployment) {
        return exit_code;
    }
    const auto failures = parse_failures(options.fail, topology_of(*deployment));
    if (!failures) {
        complain(failures.error().detail);
        return exit_usage;
    }
    std::optional<Reach> old;
    if (!options.against.empty()) {
        old = reach_of_old(options, exit_code);
        if (!old) {
            return exit_code;
        }
    }
    base::Result<PlanStudy> study = study_plan(options.file, *deployment, *failures);
    if (!study) {
        return complain_unsettled(options.file, study.error());
    }
    if (old && options.against == running) {
        study_against_live(*study, std::move(*old));
    } else if (old) {
        study_against(*study, options.against, std::move(*old));
    }
    if (options.json) {
        print(envelope::write_json(plan_json(*study)) + "\n");
    } else if (options.mermaid) {
        print(plan_mermaid(*study));
    } else {
        print(plan_text(*study, options.all, context.colour));
    }
    return study->loses() ? exit_negative : exit_yes;
}

}  // namespace

void add_plan(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand(
        "plan", "What a deployment makes of its machines: who reaches whom, and what if one fails");
    verb->footer(
        "Real routers run the file in the simulator until their routes have settled; nothing is "
        "started. Exit code 0: all that could be reached can still be; 1: a machine or service "
        "becomes unreachable, by --fail or against the old mesh (a machine that --fail names "
        "doesn't count), or the file never settles; 3: a file is invalid.\n\nExamples:\n"
        "  jetway plan deployment.yml\n"
        "  jetway plan deployment.yml --fail link:machine-a-machine-b --fail machine:machine-c\n"
        "  jetway plan new.yml --against deployment.yml\n"
        "  jetway plan new.yml --against live    # the mesh that runs now\n"
        "  jetway plan deployment.yml --mermaid");
    const auto options = std::make_shared<PlanOptions>();
    verb->add_option("FILE", options->file, "The deployment file")->required();
    verb->add_option("--against", options->against,
                     "Compare with this file, or with the mesh that runs: `live`")
        ->type_name("FILE|live");
    verb->add_option("--fail", options->fail,
                     "Let it fail: link:A-B or machine:C; several fail at once")
        ->type_name("WHAT")
        ->take_all()
        ->allow_extra_args(false);
    verb->add_flag("--all", options->all, "Every pair of machines, and every list whole");
    CLI::Option* json = verb->add_flag("--json", options->json, "One JSON object instead of text");
    verb->add_flag("--mermaid", options->mermaid, "A picture instead, for a ```mermaid block")
        ->excludes(json);
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_plan(*options, context); });
}

}  // namespace jetway::cli
