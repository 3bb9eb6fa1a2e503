// `jetway request`: an envelope and its answer; with `@*` the answers of every machine.
#include <nlohmann/json.hpp>
#include <set>

#include "cli/find_router.h"
#include "cli/payload.h"
#include "cli/report.h"
#include "cli/send_one_way.h"
#include "cli/show.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "client/control.h"
#include "console/fields.h"
#include "console/text.h"
#include "envelope/address.h"

namespace jetway::cli {

namespace {

using envelope::Json;

struct RequestOptions {
    RouterOptions router;
    PayloadOptions payload;
    OneWay envelope;
    bool json = false;
};

class Requester {
public:
    Requester(client::Client& client, const RequestOptions& options, const base::Bytes& data,
              bool to_terminal)
        : client_(client),
          options_(options),
          headers_(pack_headers(options.envelope.headers)),
          to_terminal_(to_terminal) {
        fields_.destination = options_.envelope.destination;
        fields_.headers = headers_;
        fields_.data = data;
    }

    int one() {
        const base::Instant start = client_.runtime().now();
        const base::Result<client::Answer> answer =
            client_.request(fields_, options_.router.timeout);
        if (!answer) {
            return fail("request to " + options_.envelope.destination, answer.error());
        }
        if (options_.json) {
            print_json(answer->source, answer->headers, answer->data,
                       client_.runtime().loop().now() - start);
        } else {
            print(show_data(answer->data, to_terminal_));
        }
        return exit_yes;
    }

    // Who has the service is asked first, to know when all have answered.
    int everywhere() {
        const std::string about = "request to " + options_.envelope.destination;
        const base::Result<Json> services =
            client::control(client_, {"services", {}, {}}, options_.router.timeout);
        if (!services) {
            return fail(about, services.error());
        }
        std::set<std::string> missing = machines_with(*services);
        const std::size_t expected = missing.size();
        std::size_t answered = 0;
        std::size_t came = 0;
        base::Error refusal;
        const base::Instant start = client_.runtime().now();
        const base::Instant deadline = start + options_.router.timeout;
        bool ended = false;
        const auto asked =
            client_.ask(fields_, deadline, [&](const base::Result<envelope::EnvelopeView>& answer) {
                if (!answer) {
                    ended = answer.error().code == "timeout" || !client_.is_open();
                    if (!ended) {
                        complain(about + ": " + answer.error().code + ": " + answer.error().detail);
                    }
                    refusal = answer.error();
                } else {
                    ++answered;
                    missing.erase(std::string(envelope::split_address(answer->source).machine));
                    show_one(*answer, client_.runtime().loop().now() - start);
                }
                ended = ended || ++came >= expected;
                return !ended;
            });
        if (!asked) {
            return fail(about, asked.error());
        }
        client_.runtime().wait_until([&] { return ended; }, base::never);
        if (answered >= std::max<std::size_t>(1, expected)) {
            return exit_yes;
        }
        if (answered == 0) {
            return fail(about, refusal);
        }
        std::string names;
        for (const std::string& machine : missing) {
            names += (names.empty() ? "" : ", ") + machine;
        }
        complain(about + ": " + std::to_string(answered) + " of " + std::to_string(expected) +
                 " answered; no answer from " + names);
        return exit_some_missing;
    }

private:
    std::set<std::string> machines_with(const Json& services) const {
        const std::string_view name =
            envelope::split_address(options_.envelope.destination).service;
        std::set<std::string> machines;
        for (const Json& service : console::list_at(services, "services")) {
            if (console::text_at(service, "name") == name &&
                console::flag_at(service, "reachable") &&
                console::text_at(service, "health") == "up") {
                machines.insert(console::text_at(service, "machineId"));
            }
        }
        return machines;
    }

    void show_one(const envelope::EnvelopeView& answer, base::Duration took) const {
        if (options_.json) {
            print_json(answer.source, answer.headers, answer.data, took);
        } else {
            print(console::printable(answer.source) + ": " + show_line(answer.data) + "\n");
        }
    }

    static void print_json(std::string_view source, base::ByteView headers, base::ByteView data,
                           base::Duration took) {
        envelope::EnvelopeView view;
        view.source = source;
        view.headers = headers;
        view.data = data;
        Json object{{"schema", "jetway.answer/1"}, {"microseconds", base::to_microseconds(took)}};
        object.update(show_envelope(view));
        print(envelope::write_json(object) + "\n");
    }

    client::Client& client_;
    const RequestOptions& options_;
    base::Bytes headers_;
    bool to_terminal_;
    envelope::EnvelopeFields fields_;
};

int run_request(const RequestOptions& options, const Context& context) {
    const base::Result<base::Bytes> data = read_payload(options.payload);
    if (!data) {
        return fail("nothing sent", data.error());
    }
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    if (!client) {
        return exit_code;
    }
    if (!options.envelope.reply_to.empty()) {
        complain("not waiting: the answer goes to " + options.envelope.reply_to);
        return send_one_way(*client, options.envelope, *data, options.router.timeout);
    }
    Requester requester(*client, options, *data, context.to_terminal);
    const bool everywhere = envelope::split_address(options.envelope.destination).everywhere();
    for (std::uint64_t i = 0; i < options.envelope.count && exit_code == exit_yes; ++i) {
        exit_code = everywhere ? requester.everywhere() : requester.one();
    }
    return exit_code;
}

}  // namespace

void add_request(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("request", "Ask a service, and print its answer");
    verb->footer(
        "Prints the data of the answer: text and bytes as they are, anything else as JSON. With "
        "@* a line for each machine, and exit code 7 when only some answered. With --reply-to the "
        "answer goes there, and nothing is waited for.\n\nExamples:\n"
        "  jetway request gpu-server 'render'\n"
        "  jetway request parser-server@machine-b --json-data '{\"depth\": 3}' --timeout 200ms\n"
        "  jetway request encoder-server --raw --file in.raw > out.mp4\n"
        "  jetway request gpu-server@* 'who is there?' --timeout 1s");
    const auto options = std::make_shared<RequestOptions>();
    add_one_way(*verb, options->envelope);
    add_payload(*verb, options->payload);
    add_router_options(*verb, options->router);
    verb->add_flag("--json", options->json, "The whole answer as a JSON object");
    verb->callback([options, &context] { context.exit_code = run_request(*options, context); });
}

}  // namespace jetway::cli
