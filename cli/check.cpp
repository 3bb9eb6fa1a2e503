// `jetway check`: whether a deployment file is valid, and every reason why not.
#include "cli/deployment_file.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "console/format.h"

namespace jetway::cli {

namespace {

int check(const std::string& file, bool quiet) {
    int exit_code = exit_yes;
    const auto deployment = read_deployment(file, exit_code);
    if (!deployment) {
        return exit_code;
    }
    if (!quiet) {
        std::size_t services = 0;
        std::size_t links = 0;
        for (const config::MachineConfig& machine : deployment->machines) {
            services += machine.router.services.size();
            links += machine.links.size();
        }
        print(file + ": valid: " + console::format_plural(deployment->machines.size(), "machine") +
              ", " + console::format_plural(services, "service") + ", " +
              console::format_plural(links, "network terminal") + "\n");
    }
    return exit_yes;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("check", "Validate a deployment file, and start nothing");
    verb->footer(
        "Exit code 0: valid; 3: not, with a line for every problem.\n\nExamples:\n"
        "  jetway check deployment.yml\n"
        "  jetway check --quiet deployment.yml && systemctl reload jetway");
    const auto file = std::make_shared<std::string>();
    const auto quiet = std::make_shared<bool>(false);
    verb->add_option("FILE", *file, "The deployment file")->required();
    verb->add_flag("-q,--quiet", *quiet, "Say nothing of a valid file");
    verb->callback([file, quiet, &context] { context.exit_code = check(*file, *quiet); });
}

}  // namespace jetway::cli
