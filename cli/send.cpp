// `jetway send`: envelopes on their way, without an answer.
#include <algorithm>

#include "cli/find_router.h"
#include "cli/payload.h"
#include "cli/report.h"
#include "cli/send_one_way.h"
#include "cli/verbs.h"
#include "client/client.h"
#include "console/format.h"
#include "envelope/packer.h"

namespace jetway::cli {

namespace {

struct SendOptions {
    RouterOptions router;
    PayloadOptions payload;
    OneWay envelope;
};

int run_send(const SendOptions& options) {
    const base::Result<base::Bytes> data = read_payload(options.payload);
    if (!data) {
        return fail("nothing sent", data.error());
    }
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    return client ? send_one_way(*client, options.envelope, *data, options.router.timeout)
                  : exit_code;
}

}  // namespace

int send_one_way(client::Client& client, const OneWay& what, const base::Bytes& data,
                 base::Duration timeout) {
    base::Error refusal;
    std::uint64_t refused = 0;
    client.on_envelope([&](const envelope::EnvelopeView& view) {
        if (!view.error.empty()) {
            refusal = client::error_of(view);
            ++refused;
        }
    });
    const base::Bytes headers = pack_headers(what.headers);
    envelope::EnvelopeFields fields;
    fields.destination = what.destination;
    fields.reply_to = what.reply_to;
    fields.headers = headers;
    fields.data = data;
    const std::string about = "send to " + what.destination;
    for (std::uint64_t i = 0; i < what.count; ++i) {
        base::Bytes id;
        envelope::Packer(id).number(i + 1);
        fields.id = id;
        base::Result<void> sent = client.send(fields);
        if (!sent && sent.error().code == "overloaded") {
            // Our own queue is full, or the router asked for a pause: go on when there is room.
            client.runtime().wait_until([&] { return client.queued() == 0 || !client.is_open(); },
                                        client.runtime().now() + timeout);
            sent = client.send(fields);
        }
        if (!sent) {
            return fail(about, sent.error());
        }
        if (client.held(what.destination) &&
            !client.runtime().wait_until(
                [&] { return !client.held(what.destination) || !client.is_open(); },
                client.runtime().now() + timeout)) {
            return fail(about, {"timeout", "the router asked to wait, and has not said go on"});
        }
    }
    if (const base::Result<void> settled = client.settle(timeout); !settled) {
        return fail(about, settled.error());
    }
    if (refused == 0) {
        return exit_yes;
    }
    const std::string which = what.count == 1 ? std::string()
                                              : " (" + console::format_count(refused) + " of " +
                                                    console::format_count(what.count) + ")";
    return fail(about + which, refusal);
}

void add_one_way(CLI::App& app, OneWay& what) {
    app.add_option("DEST", what.destination, "service, service@machine or service@*")
        ->required()
        ->check(destination_check());
    app.add_option("--reply-to", what.reply_to,
                   "Where an answer goes, and a refusal: any service on any machine")
        ->type_name("ADDRESS")
        ->check(destination_check());
    add_headers(app, what.headers);
    app.add_option("--count", what.count, "How many times")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
}

void add_send(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("send", "Send envelopes to a service, without an answer");
    verb->footer(
        "Exit code 0 says that this machine's router took them, not that they arrived: what it "
        "refuses at once is reported. With --reply-to, refusals go there, too.\n\nExamples:\n"
        "  jetway send display-server 'hello'\n"
        "  jetway send gpu-server --file frame.bin --raw --reply-to display-server@machine-a\n"
        "  echo '{\"n\": 1}' | jetway send parser-server --json-data --header trace=on\n"
        "  jetway send log-server@* 'to every machine that has one'");
    const auto options = std::make_shared<SendOptions>();
    add_one_way(*verb, options->envelope);
    add_payload(*verb, options->payload);
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_send(*options); });
}

}  // namespace jetway::cli
