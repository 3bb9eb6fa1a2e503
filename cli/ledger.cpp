// `jetway ledger`: what went in and what came out, at every router, link and service, and whether
// it adds up.
#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "client/control.h"
#include "console/fields.h"
#include "console/reconcile.h"
#include "console/table.h"
#include "console/views.h"
#include "io/file.h"

namespace jetway::cli {

namespace {

using envelope::Json;

constexpr std::size_t max_ledger = std::size_t{64} << 20U;

struct LedgerOptions {
    RouterOptions router;
    std::string check;
    bool json = false;
};

// What all routers said, twice.
struct Books {
    std::vector<Json> first;
    std::vector<Json> second;
    bool whole = true;  // all that can be reached answered
};

class Collector {
public:
    Collector(client::Client& client, const RouterOptions& options)
        : client_(client), options_(options) {}

    // Nothing, with a complaint, if not even the router here answers.
    std::optional<Books> collect(int& exit_code) {
        const base::Result<Json> graph = ask("graph", "");
        if (!graph) {
            exit_code = fail("graph of router@" + client_.machine_id(), graph.error());
            return std::nullopt;
        }
        std::vector<std::string> machines;
        Books books;
        for (const Json& machine : console::list_at(*graph, "machines")) {
            const std::string name = console::text_at(machine, "machineId");
            if (console::flag_at(machine, "reachable")) {
                machines.push_back(name);
            } else {
                complain("machine " + name + " can't be reached: its numbers are missing");
                books.whole = false;
            }
        }
        for (std::vector<Json>* round : {&books.first, &books.second}) {
            for (const std::string& machine : machines) {
                base::Result<Json> answer = ask("ledger", machine);
                if (answer) {
                    round->push_back(std::move(*answer));
                } else {
                    books.whole = false;
                    complain("router@" + machine + " does not answer: " + answer.error().code +
                             ": " + answer.error().detail);
                }
            }
        }
        return books;
    }

private:
    base::Result<Json> ask(const std::string& request, const std::string& machine) {
        return client::control(client_, {request, {}, machine}, options_.timeout);
    }

    client::Client& client_;
    const RouterOptions& options_;
};

std::optional<Books> read_books(const std::string& file, int& exit_code) {
    const base::Result<std::string> text = io::read_file(file, max_ledger);
    const base::Result<Json> json =
        text ? envelope::parse_json(*text) : base::Result<Json>(text.error());
    if (!json) {
        complain(file + ": " + json.error().detail);
        exit_code = exit_usage;
        return std::nullopt;
    }
    Books books;
    for (const Json& answer : console::list_at(*json, "first")) {
        books.first.push_back(answer);
    }
    for (const Json& answer : console::list_at(*json, "second")) {
        books.second.push_back(answer);
    }
    if (books.second.empty()) {
        complain(file + ": expected what `jetway ledger --json` prints");
        exit_code = exit_usage;
        return std::nullopt;
    }
    return books;
}

int run_ledger(const LedgerOptions& options, const Context& context) {
    int exit_code = exit_yes;
    std::optional<Books> books;
    if (!options.check.empty()) {
        books = read_books(options.check, exit_code);
    } else {
        client::Runtime runtime;
        const auto client = reach_router(runtime, options.router, {}, exit_code);
        if (client) {
            books = Collector(*client, options.router).collect(exit_code);
        }
    }
    if (!books) {
        return exit_code;
    }
    const console::Reconciled result = console::reconcile(books->first, books->second);
    if (options.json) {
        const Json all{{"schema", "jetway.ledger/1"},
                       {"first", books->first},
                       {"second", books->second},
                       {"faults", result.faults}};
        print(envelope::write_json(all) + "\n");
    } else {
        print(console::ledger_text(result, context.colour));
    }
    return !result.faults.empty() ? exit_negative : !books->whole ? exit_some_missing : exit_yes;
}

}  // namespace

void add_ledger(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand(
        "ledger",
        "What went in, came out, was refused and waits, everywhere, and whether it adds up");
    verb->footer(
        "Every router of the mesh is asked twice. Exit codes: 0 every number adds up, 1 one does "
        "not and is named, 7 a machine is missing. What moves while it is asked can't be told "
        "from a fault of the same size.\n\nExamples:\n"
        "  jetway ledger\n"
        "  jetway ledger --json > books.json && jetway ledger --check books.json");
    const auto options = std::make_shared<LedgerOptions>();
    add_router_options(*verb, options->router);
    verb->add_option("--check", options->check, "Reconcile what --json printed, and ask nobody")
        ->type_name("FILE");
    verb->add_flag("--json", options->json, "All answers, and the faults, as one JSON object");
    verb->callback([options, &context] { context.exit_code = run_ledger(*options, context); });
}

}  // namespace jetway::cli
