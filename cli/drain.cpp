// `jetway drain`: takes a service, or all of a router, out of use before it is stopped.
#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "client/control.h"
#include "console/fields.h"
#include "console/views.h"

namespace jetway::cli {

namespace {

using envelope::Json;

constexpr base::Duration poll_every = std::chrono::milliseconds(100);

struct DrainOptions {
    RouterOptions router;
    std::string machine;
    std::string service;
    bool all = false;
    bool undo = false;
    bool json = false;
    base::Duration quiet = std::chrono::seconds(1);
};

class Drainer {
public:
    Drainer(client::Client& client, const DrainOptions& options)
        : client_(client),
          options_(options),
          machine_(options.machine.empty() ? client.machine_id() : options.machine),
          deadline_(client.runtime().loop().now() + options.router.timeout) {}

    int run() {
        Json args{{"quietMs", base::to_microseconds(options_.quiet) / 1000},
                  {"undo", options_.undo}};
        if (options_.all) {
            args["all"] = true;
        } else {
            args["service"] = options_.service;
        }
        base::Result<Json> answer = ask(std::move(args));
        std::string before;
        while (answer && !options_.undo && !console::is_drained(*answer, options_.service)) {
            const std::string now = console::draining_text(*answer);
            if (now != before) {
                complain("draining " + now + " at " + machine_);
                before = now;
            }
            if (client_.runtime().loop().now() >= deadline_) {
                complain("timeout: not drained in time: " + now +
                         "; it stays draining until it is done, or undone with --undo");
                return exit_timeout;
            }
            client_.runtime().wait_until([] { return false; },
                                         client_.runtime().loop().now() + poll_every);
            answer = ask({});
        }
        if (!answer) {
            return fail("drain of router@" + machine_, answer.error());
        }
        print(options_.json ? envelope::write_json(*answer) + "\n"
                            : console::drained_text(machine_, options_.service, options_.undo));
        return exit_yes;
    }

private:
    base::Result<Json> ask(Json args) {
        return client::control(client_, {"drain", std::move(args), options_.machine},
                               std::chrono::seconds(5));
    }

    client::Client& client_;
    const DrainOptions& options_;
    std::string machine_;
    base::Instant deadline_;
};

int run_drain(const DrainOptions& options) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    return client ? Drainer(*client, options).run() : exit_code;
}

}  // namespace

void add_drain(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("drain", "Take a service, or a whole router, out of use");
    verb->footer(
        "A drained service is announced as `draining`: others no longer choose it, what names it "
        "is "
        "still delivered. When nothing is queued for it and it has been quiet for --quiet, it is "
        "detached, and told so by an error envelope. An instance that is a 9P server stays listed "
        "as draining, for the files that are open there, until it is deregistered, or --undo. "
        "--all drains every service here and lets "
        "others' envelopes go another way, so that the router can be stopped.\n"
        "Exit codes: 0 drained, 1 there is no such service, 5 not in time, 6 not permitted.\n\n"
        "Examples:\n"
        "  jetway drain gpu-server --quiet 5s\n"
        "  jetway drain --all --timeout 1m && systemctl restart jetway\n"
        "  jetway drain gpu-server --undo");
    const auto options = std::make_shared<DrainOptions>();
    options->router.timeout = std::chrono::seconds(30);
    CLI::Option* service =
        verb->add_option("SERVICE", options->service, "The service")->check(service_name_check());
    CLI::Option* all =
        verb->add_flag("--all", options->all, "Every service, and the router itself");
    all->excludes(service);
    verb->add_flag("--undo", options->undo, "Put it to use again");
    add_duration(*verb, "--quiet", options->quiet,
                 "How long a service must have been quiet: more than it takes to answer");
    verb->add_option("--at", options->machine, "Ask this machine's router, through the mesh")
        ->type_name("MACHINE");
    verb->add_flag("--json", options->json, "One JSON object instead of a sentence");
    add_router_options(*verb, options->router);
    verb->callback([options, &context] {
        if (options->service.empty() && !options->all) {
            complain("drain what? Give a SERVICE, or --all");
            context.exit_code = exit_usage;
            return;
        }
        context.exit_code = run_drain(*options);
    });
}

}  // namespace jetway::cli
