// `jetway events`: what happens at a router, as it happens.
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "client/control.h"
#include "console/event_text.h"
#include "console/fields.h"
#include "console/following.h"

namespace jetway::cli {

namespace {

using envelope::Json;

constexpr std::uint64_t most_at_once = 500;  // in one answer

struct EventsOptions {
    RouterOptions router;
    std::string machine;
    std::string level = "info";
    std::uint64_t last = 10;
    bool no_follow = false;
    bool json = false;
};

class Follower {
public:
    Follower(client::Client& client, const EventsOptions& options, const Context& context)
        : client_(client),
          options_(options),
          context_(context),
          following_(options.last, most_at_once) {}

    // Until the router is gone; without following, once.
    int run() {
        for (;;) {
            const base::Instant asked = client_.runtime().now();
            const base::Result<Json> answer = client::control(
                client_, {"events", following_.args(options_.level), options_.machine},
                options_.router.timeout + console::Following::parked);
            if (!answer) {
                const std::string machine =
                    options_.machine.empty() ? client_.machine_id() : options_.machine;
                return fail("events of router@" + machine, answer.error());
            }
            const console::Following::Page page = following_.take(*answer);
            show(page, console::text_at(*answer, "machineId"));
            if (options_.no_follow) {
                return exit_yes;
            }
            if (page.waits) {
                client_.runtime().wait_until([this] { return !client_.is_open(); },
                                             asked + console::Following::least_wait);
            }
        }
    }

private:
    void show(const console::Following::Page& page, const std::string& machine) const {
        if (page.missed > 0) {
            complain(std::to_string(page.missed) + " events came too fast and were missed");
        }
        const console::WallTime now = std::chrono::system_clock::now();
        std::string lines;
        for (const Json& event : page.events) {
            if (!options_.json) {
                lines += console::event_text(event, now, context_.colour) + "\n";
                continue;
            }
            Json line{{"schema", "jetway.event/1"},
                      {"machineId", machine},
                      {"time", console::timestamp(now - std::chrono::milliseconds(
                                                            console::number_at(event, "ageMs")))}};
            for (const auto& [key, value] : event.items()) {
                line[key] = value;
            }
            lines += envelope::write_json(line) + "\n";
        }
        if (!lines.empty()) {
            print(lines);
        }
    }

    client::Client& client_;
    const EventsOptions& options_;
    const Context& context_;
    console::Following following_;
};

int run_events(const EventsOptions& options, const Context& context) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    return client ? Follower(*client, options, context).run() : exit_code;
}

}  // namespace

void add_events(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("events", "What happens at a router, as it happens");
    verb->footer(
        "Links, routes, services, holds that last for a second, refusals (in bulk, once a second), "
        "reloads, warnings. The last ones first, then each as it comes, until Ctrl-C. The router "
        "keeps the last 4,096; who can't follow is told how many were missed.\n\nExamples:\n"
        "  jetway events\n"
        "  jetway events --at machine-c --level warning\n"
        "  jetway events --last 1000 --no-follow --json");
    const auto options = std::make_shared<EventsOptions>();
    verb->add_option("--at", options->machine, "Follow this machine's router, through the mesh")
        ->type_name("MACHINE");
    verb->add_option("--level", options->level, "The least that is shown")
        ->capture_default_str()
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    verb->add_option("--last", options->last, "So many that were before")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000}));
    verb->add_flag("--no-follow", options->no_follow, "Ends after those");
    verb->add_flag("--json", options->json, "A JSON object a line");
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_events(*options, context); });
}

}  // namespace jetway::cli
