// `jetway serve`: a service that answers with what it got, or with what a command makes of it.
#include "cli/attached.h"
#include "cli/exec_pool.h"
#include "cli/payload.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/verbs.h"
#include "console/text.h"
#include "envelope/address.h"

namespace jetway::cli {

namespace {

struct ServeOptions {
    RouterOptions router;
    std::string name;
    bool echo = false;
    ExecOptions exec;
    bool json = false;
    bool raw = false;
};

// What is left of a request when its frame is gone: to whom the answer goes, and by what they know
// it.
struct Asker {
    std::string answer_to;
    base::Bytes id;
};

class Server {
public:
    Server(client::Client& client, const ServeOptions& options)
        : client_(client),
          options_(options),
          source_(envelope::make_address(options.name, client.machine_id())),
          pool_(client.runtime().loop(), options.exec) {
        client_.on_envelope([this](const envelope::EnvelopeView& view) { on_envelope(view); });
    }

    ~Server() { client_.on_envelope({}); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

private:
    void on_envelope(const envelope::EnvelopeView& view) {
        if (!view.error.empty()) {
            const base::Error error = client::error_of(view);
            complain("an answer was refused: " + error.code + ": " + error.detail);
            return;
        }
        // An answer is never answered: two services would go on for ever.
        if (view.is_answer() || view.answer_to().empty()) {
            return;
        }
        Asker asker{std::string(view.answer_to()), {view.id.begin(), view.id.end()}};
        if (options_.echo) {
            answer(asker, view.data);
            return;
        }
        ExecPool::Job job;
        const std::string input = show_exactly(view.data);
        job.input.assign(input.begin(), input.end());
        job.environment = {{"JETWAY_SOURCE", std::string(view.source)},
                           {"JETWAY_DESTINATION", std::string(view.destination)},
                           {"JETWAY_REPLY_TO", asker.answer_to}};
        job.on_done = [this, asker](base::Result<base::Bytes> output) {
            on_output(asker, std::move(output));
        };
        if (!pool_.submit(std::move(job))) {
            refuse(asker, {"overloaded", "too many requests wait for " + options_.name});
        }
    }

    void on_output(const Asker& asker, base::Result<base::Bytes> output) {
        if (!output) {
            refuse(asker, output.error());
            return;
        }
        const std::string content(base::as_text(*output));
        const base::Result<base::Bytes> data =
            pack_payload(content, options_.json, options_.raw || !console::is_utf8(content));
        if (!data) {
            refuse(asker,
                   {"service-error", "the command's answer can't be sent: " + data.error().detail});
            return;
        }
        answer(asker, *data);
    }

    void answer(const Asker& asker, base::ByteView data) {
        envelope::EnvelopeFields fields;
        fields.source = source_;
        fields.destination = asker.answer_to;
        fields.in_reply_to = asker.id;
        fields.data = data;
        send(fields);
    }

    void refuse(const Asker& asker, const base::Error& error) {
        complain(error.code + ": " + error.detail + " (asked by " + asker.answer_to + ")");
        const envelope::ErrorFields what{error.code, error.detail, client_.machine_id(), source_};
        envelope::EnvelopeFields fields;
        fields.source = source_;
        fields.destination = asker.answer_to;
        fields.in_reply_to = asker.id;
        fields.error = &what;
        send(fields);
    }

    void send(const envelope::EnvelopeFields& fields) {
        if (const base::Result<void> sent = client_.send(fields); !sent && client_.is_open()) {
            complain("an answer to " + std::string(fields.destination) +
                     " is lost: " + sent.error().code + ": " + sent.error().detail);
        }
    }

    client::Client& client_;
    const ServeOptions& options_;
    std::string source_;
    ExecPool pool_;
};

int run_serve(const ServeOptions& options) {
    Attached attached;
    if (!attached.attach(options.router, options.name)) {
        return attached.exit_code();
    }
    const Server server(attached.client(), options);
    complain("serving as " + envelope::make_address(options.name, attached.client().machine_id()));
    return attached.wait([] { return false; }, base::never);
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("serve", "Attach as a service, and answer what comes");
    verb->footer(
        "--exec runs `/bin/sh -c CMD` for each envelope: its data on stdin (text and bytes as they "
        "are, anything else as JSON), JETWAY_SOURCE, JETWAY_DESTINATION and JETWAY_REPLY_TO in its "
        "environment. What it writes to stdout is the answer: text if it is UTF-8, else bytes. "
        "When "
        "it fails, the answer is an error envelope with code service-error. Answers themselves are "
        "never answered.\n\nExamples:\n"
        "  jetway serve pty-server --echo\n"
        "  jetway serve upper --exec 'tr a-z A-Z'\n"
        "  jetway serve sums --exec 'jq add' --json-data --jobs 8 --limit 2s");
    const auto options = std::make_shared<ServeOptions>();
    verb->add_option("NAME", options->name, "The service to be")
        ->required()
        ->check(service_name_check());
    CLI::Option_group* how = verb->add_option_group("how", "What it answers");
    how->add_flag("--echo", options->echo, "The data that came");
    how->add_option("--exec", options->exec.command, "What this command makes of it")
        ->type_name("CMD");
    how->require_option(1);
    verb->add_option("--jobs", options->exec.jobs, "Commands at once; others wait")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000));
    add_duration(*verb, "--limit", options->exec.time_limit, "How long a command may take");
    CLI::Option* json =
        verb->add_flag("--json-data", options->json, "What the command writes is JSON");
    verb->add_flag("--raw", options->raw, "What the command writes is bytes")->excludes(json);
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_serve(*options); });
}

}  // namespace jetway::cli
