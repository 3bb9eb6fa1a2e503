// `jetway run`: this machine's router. What it does is daemon/'s.
#include "daemon/run.h"

#include "cli/find_router.h"
#include "cli/verbs.h"

namespace jetway::cli {

void add_run(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("run", "Run the router of one machine of a deployment");
    verb->footer(
        "SIGTERM and SIGINT end it in good order; SIGHUP reads the file again.\n\nExamples:\n"
        "  jetway run deployment.yml\n"
        "  jetway run deployment.yml --machine machine-a --socket /tmp/a.sock\n"
        "  jetway run deployment.yml --log-format json --log-level debug");
    const auto options = std::make_shared<daemon::RunOptions>();
    options->socket_directory = default_directory();
    options->file = "/etc/jetway/deployment.yml";
    verb->add_option("FILE", options->file, "The deployment file")->capture_default_str();
    verb->add_option("--machine", options->machine,
                     "Which of its machines (default: the host name)")
        ->type_name("NAME")
        ->envname("JETWAY_MACHINE");
    verb->add_option("--socket", options->socket, "Where services attach: path of the Unix socket")
        ->type_name("PATH");
    verb->add_flag("--insecure", options->insecure,
                   "Listen beyond loopback without encryption or authentication");
    verb->add_flag("--map-loopback", options->map_loopback,
                   "Give every machine an address of its own in 127.0.0.0/8, as `jetway up` does");
    verb->add_option("--log-format", options->log_format, "auto: text on a terminal, else json")
        ->capture_default_str()
        ->check(CLI::IsMember({"auto", "text", "json"}));
    verb->add_option("--log-level", options->log_level, "How much to log")
        ->capture_default_str()
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    verb->callback([options, &context] { context.exit_code = daemon::run(*options); });
}

}  // namespace jetway::cli
