// `jetway doctor`: what is wrong in the mesh, in plain words, worst first.
#include "console/doctor.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "client/control.h"
#include "console/fields.h"
#include "envelope/address.h"

namespace jetway::cli {

namespace {

using console::Chart;
using envelope::Json;

constexpr std::size_t at_once = 128;  // requests under way

struct DoctorOptions {
    RouterOptions router;
    std::string machine;
    bool json = false;
};

// Asks every machine of the mesh the same things, many at a time.
class Rounds {
public:
    Rounds(client::Client& client, const DoctorOptions& options)
        : client_(client), options_(options) {}

    base::Result<std::vector<Chart>> examine() {
        const base::Result<Json> graph =
            client::control(client_, {"graph", {}, ""}, options_.router.timeout);
        if (!graph) {
            return graph.error();
        }
        for (const Json& row : console::list_at(*graph, "machines")) {
            const std::string machine = console::text_at(row, "machineId");
            if (options_.machine.empty() || options_.machine == machine) {
                charts_.push_back({.machine = machine,
                                   .reachable = console::flag_at(row, "reachable"),
                                   .status = {},
                                   .neighbours = {},
                                   .services = {},
                                   .terminals = {},
                                   .refusals = {},
                                   .events = {}});
            }
        }
        if (charts_.empty()) {
            return base::Error{"no-route", "this mesh knows no machine " + options_.machine};
        }
        for (std::size_t i = 0; i < charts_.size(); ++i) {
            if (charts_[i].reachable) {
                for (const auto& [verb, into] : questions) {
                    waiting_.push_back({i, verb, into});
                }
            }
        }
        ask_more();
        client_.runtime().wait_until(
            [this] { return (waiting_.empty() && asked_ == 0) || !client_.is_open(); },
            base::never);
        return client_.is_open() ? base::Result<std::vector<Chart>>(std::move(charts_))
                                 : client_.why_closed();
    }

private:
    static constexpr std::array<std::pair<const char*, Json Chart::*>, 6> questions = {
        {{"status", &Chart::status},
         {"neighbours", &Chart::neighbours},
         {"services", &Chart::services},
         {"terminals", &Chart::terminals},
         {"refusals", &Chart::refusals},
         {"events", &Chart::events}}};

    struct Question {
        std::size_t chart;
        const char* verb;
        Json Chart::*into;
    };

    void ask_more() {
        while (asked_ < at_once && !waiting_.empty() && client_.is_open()) {
            const Question question = waiting_.front();
            waiting_.pop_front();
            const std::string to =
                envelope::make_address("router", charts_[question.chart].machine);
            const base::Bytes data = client::control_data({question.verb, {}, ""});
            envelope::EnvelopeFields fields;
            fields.destination = to;
            fields.data = data;
            const auto sent =
                client_.ask(fields, client_.runtime().now() + options_.router.timeout,
                            [this, question](const base::Result<envelope::EnvelopeView>& answer) {
                                note(question, answer);
                                return false;
                            });
            asked_ += sent ? 1U : 0U;
        }
    }

    void note(const Question& question, const base::Result<envelope::EnvelopeView>& answer) {
        Chart& chart = charts_[question.chart];
        --asked_;
        if (answer) {
            if (base::Result<Json> said = envelope::to_json(answer->data)) {
                chart.*question.into = std::move(*said);
            }
        } else if (answer.error().code == "timeout" || answer.error().code == "no-route") {
            chart.reachable = false;
        }
        ask_more();
    }

    client::Client& client_;
    const DoctorOptions& options_;
    std::vector<Chart> charts_;
    std::deque<Question> waiting_;
    std::size_t asked_ = 0;
};

int run_doctor(const DoctorOptions& options, const Context& context) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    if (!client) {
        return exit_code;
    }
    const base::Result<std::vector<Chart>> charts = Rounds(*client, options).examine();
    if (!charts) {
        return fail("doctor at " + client->machine_id(), charts.error());
    }
    const std::vector<console::Finding> findings = console::examine(*charts);
    print(options.json ? envelope::write_json(console::doctor_json(findings, *charts)) + "\n"
                       : console::doctor_text(findings, charts->size(), context.colour));
    const bool ill = std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
        return finding.severity != console::Finding::Severity::note;
    });
    return ill ? exit_negative : exit_yes;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
    CLI::App* verb =
        app.add_subcommand("doctor", "What is wrong in the mesh, in plain words, worst first");
    verb->footer(
        "Asks every machine that is known: links that are down and why, services that nobody has "
        "attached or that don't answer, slow ones, what was refused in the last five minutes and "
        "by which rule, routers of another protocol version, warnings. Each finding comes with the "
        "command to look further. Exit code 1: something is wrong.\n\nExamples:\n"
        "  jetway doctor\n"
        "  jetway doctor --at machine-b\n"
        "  jetway doctor --json");
    const auto options = std::make_shared<DoctorOptions>();
    verb->add_option("--at", options->machine, "This machine only")->type_name("MACHINE");
    verb->add_flag("--json", options->json, "One JSON object instead of text");
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_doctor(*options, context); });
}

}  // namespace jetway::cli
