// `jetway ping`: round trips to where an address leads, and the way there.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/find_router.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "client/control.h"
#include "console/ping_report.h"
#include "envelope/address.h"

namespace jetway::cli {

namespace {

using envelope::Json;

struct PingOptions {
    RouterOptions router;
    std::string destination;
    std::uint64_t count = 4;
    base::Duration interval = std::chrono::milliseconds(200);
    bool json = false;
};

// One round trip: every router on the way reports to us, the last one that it would deliver.
base::Result<console::Pong> ping_once(client::Client& client, const PingOptions& options) {
    const std::string own_router = envelope::make_address("router", client.machine_id());
    const base::Bytes data =
        client::control_data({"ping", Json{{"destination", options.destination}}, {}});
    envelope::EnvelopeFields fields;
    fields.destination = own_router;
    fields.data = data;
    console::Pong pong;
    base::Error error;
    bool ended = false;
    const base::Instant start = client.runtime().now();
    const base::Instant deadline = start + options.router.timeout;
    const auto asked =
        client.ask(fields, deadline, [&](const base::Result<envelope::EnvelopeView>& answer) {
            if (!answer) {
                error = answer.error();
                ended = true;
                return false;
            }
            if (const base::Result<Json> report = envelope::to_json(answer->data)) {
                ended = pong.add(*report);
            }
            pong.round_trip = client.runtime().loop().now() - start;
            return !ended;
        });
    if (!asked) {
        return asked.error();
    }
    client.runtime().wait_until([&] { return ended; }, base::never);
    if (!error.code.empty()) {
        return error;
    }
    return pong;
}

int run_ping(const PingOptions& options) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    if (!client) {
        return exit_code;
    }
    std::vector<console::Pong> pongs;
    base::Error last_error;
    for (std::uint64_t i = 0; i < options.count && client->is_open(); ++i) {
        if (i > 0) {
            runtime.wait_until([&] { return !client->is_open(); },
                               runtime.now() + options.interval);
        }
        const base::Result<console::Pong> pong = ping_once(*client, options);
        if (pong) {
            pongs.push_back(*pong);
            if (!options.json) {
                print(pong->text(options.destination) + "\n");
            }
            continue;
        }
        last_error = pong.error();
        if (!options.json) {
            complain("no pong from " + options.destination + ": " + last_error.code + ": " +
                     last_error.detail);
        }
    }
    const console::PingSummary summary = console::summarize(pongs, options.count);
    print(options.json ? envelope::write_json(summary.json(options.destination)) + "\n"
                       : summary.text() + "\n");
    if (pongs.size() == options.count) {
        return exit_yes;
    }
    return pongs.empty() ? exit_code_of(last_error.code) : exit_some_missing;
}

}  // namespace

void add_ping(CLI::App& app, Context& context) {
    CLI::App* verb =
        app.add_subcommand("ping", "Round trips to where an address leads, and the way there");
    verb->footer(
        "It goes as far as the last router, which says that it would deliver: the service itself "
        "is "
        "not disturbed.\n\nExamples:\n"
        "  jetway ping gpu-server\n"
        "  jetway ping router@machine-c -c 100 --interval 10ms\n"
        "  jetway ping gpu-server@machine-c --json");
    const auto options = std::make_shared<PingOptions>();
    verb->add_option("DEST", options->destination, "service or service@machine")
        ->required()
        ->check(destination_check())
        ->check(CLI::Validator(
            [](std::string& text) {
                return envelope::split_address(text).everywhere()
                           ? std::string("ping goes to one machine: name it, or leave @* out")
                           : std::string();
            },
            "", "one-machine"));
    verb->add_option("-c,--count", options->count, "How many")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
    add_duration(*verb, "-i,--interval", options->interval,
                 "How long from a pong to the next ping");
    verb->add_flag("--json", options->json, "One JSON object at the end");
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_ping(*options); });
}

}  // namespace jetway::cli
