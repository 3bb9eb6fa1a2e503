// `jetway trace`: which way an envelope takes, there and back, and why.
#include "console/trace.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/find_router.h"
#include "cli/payload.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "console/fields.h"
#include "envelope/address.h"

namespace jetway::cli {

namespace {

using console::Trace;
using envelope::Json;

struct TraceOptions {
    RouterOptions router;
    std::string destination;
    std::string from;
    std::string reply_to;
    std::string data;
    bool deliver = false;
    bool json = false;
};

// Sends what the trace wants sent, and feeds it what comes.
class Tracer {
public:
    Tracer(client::Client& client, Trace& trace) : client_(client), trace_(trace) {}

    void run() {
        send();
        while (!trace_.done() && client_.is_open()) {
            client_.runtime().wait_until([this] { return trace_.done() || !client_.is_open(); },
                                         trace_.next_deadline());
            trace_.on_deadline(client_.runtime().now());
            send();
        }
        for (const std::uint64_t id : asked_) {
            client_.forget(id);
        }
    }

private:
    base::Instant now() { return client_.runtime().loop().fresh_now(); }

    void send() {
        for (const Trace::Request& request : trace_.take_requests()) {
            base::Bytes data;
            if (!request.data.is_null()) {
                envelope::append_json(data, request.data);
            }
            envelope::EnvelopeFields fields;
            fields.destination = request.to;
            fields.data = data;
            if (request.id == 0) {
                fields.reply_to = request.reply_to;
                static_cast<void>(client_.send(fields));
                continue;
            }
            const auto answered = [this, id = request.id](const auto& answer) {
                return take(id, answer);
            };
            // The trace has a deadline of its own.
            const auto sent = client_.ask(fields, client_.runtime().now() + std::chrono::minutes(5),
                                          answered, request.traced ? envelope::flag::trace : 0);
            if (!sent) {
                trace_.on_error(request.id, sent.error().code, sent.error().detail, "", now());
            } else {
                asked_.push_back(*sent);
            }
        }
    }

    bool take(std::uint64_t id, const base::Result<envelope::EnvelopeView>& answer) {
        if (!answer) {
            const std::string& detail = answer.error().detail;
            trace_.on_error(id, answer.error().code, detail, "", now());
        } else if (const base::Result<Json> data = envelope::to_json(answer->data)) {
            trace_.on_answer(id, answer->source, *data, now());
        } else {
            trace_.on_answer(id, answer->source, Json(), now());
        }
        send();
        return !trace_.done();
    }

    client::Client& client_;
    Trace& trace_;
    std::vector<std::uint64_t> asked_;
};

ExitCode exit_of(const Json& trace) {
    const std::string outcome = console::text_at(trace, "outcome");
    if (outcome == "refused") {
        return exit_negative;
    }
    if (outcome == "silent") {
        return exit_timeout;
    }
    return console::flag_at(trace, "gaps") ? exit_some_missing : exit_yes;
}

int run_trace(const TraceOptions& options, const Context& context) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    if (!client) {
        return exit_code;
    }
    Trace::Options wanted;
    wanted.destination = options.destination;
    wanted.from = options.from.empty() ? client->machine_id() : options.from;
    wanted.reply_to = options.reply_to;
    wanted.asker = client->address();
    wanted.deliver = options.deliver;
    wanted.timeout = options.router.timeout;
    wanted.data = options.data;
    Trace trace(std::move(wanted), runtime.loop().fresh_now());
    Tracer(*client, trace).run();
    if (!trace.done()) {
        return fail("trace of " + options.destination, client->why_closed());
    }
    const Json whole = trace.json();
    print(options.json ? envelope::write_json(whole) + "\n"
                       : console::trace_text(whole, context.colour));
    return exit_of(whole);
}

}  // namespace

void add_trace(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand(
        "trace", "Which way an envelope takes, there and back, hop by hop, and why");
    verb->footer(
        "Every router on the way reports: by which terminal it came and went, how long it was "
        "there; then each is asked why that way, and what waits there. A router that does not "
        "report is a row that says so. The last router says that it would deliver: the service "
        "hears nothing without --deliver. The way back begins where the service is, and leads to "
        "--reply-to, or here. Exit codes: 1 refused, 5 nothing more was heard, 7 a router did not "
        "report.\n\nExamples:\n"
        "  jetway trace gpu-server\n"
        "  jetway trace gpu-server --reply-to mp4-encoder@machine-a\n"
        "  jetway trace gpu-server@machine-c --from machine-b --json\n"
        "  jetway trace echo@machine-c --deliver");
    const auto options = std::make_shared<TraceOptions>();
    const CLI::Validator one_machine(
        [](std::string& text) {
            return envelope::split_address(text).everywhere()
                       ? std::string("a trace goes to one machine: name it, or leave @* out")
                       : std::string();
        },
        "", "one-machine");
    verb->add_option("DEST", options->destination, "service or service@machine")
        ->required()
        ->check(destination_check())
        ->check(one_machine);
    verb->add_option("--reply-to", options->reply_to, "Where the answer goes; here without it")
        ->type_name("ADDRESS")
        ->check(destination_check())
        ->check(one_machine);
    verb->add_option("--from,--at", options->from, "The machine where it begins")
        ->type_name("MACHINE");
    CLI::Option* deliver = verb->add_flag("--deliver", options->deliver,
                                          "The service gets an envelope, and its answer is timed; "
                                          "with --reply-to the answer goes there");
    verb->add_option("--data", options->data, "What that envelope says, a text")
        ->type_name("TEXT")
        ->needs(deliver);
    verb->add_flag("--json", options->json, "One JSON object instead of tables");
    add_router_options(*verb, options->router);
    verb->callback([options, &context] {
        if (options->deliver && !options->from.empty()) {
            complain("--deliver sends from here: leave --from out");
            context.exit_code = exit_usage;
            return;
        }
        context.exit_code = run_trace(*options, context);
    });
}

}  // namespace jetway::cli
