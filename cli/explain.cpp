// `jetway explain`: where an envelope would go, and why not elsewhere.
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/format.h"
#include "cli/options.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/view.h"

namespace jetway::cli {

namespace {

std::string verdict(const envelope::Json& answer) {
    const std::string outcome = text_at(answer, "outcome");
    const std::string to =
        text_at(answer, "destination") + " at " + text_at(answer, "machineId") + ": ";
    const std::string bound = text_at(answer, "boundTo");
    if (outcome == "forwarded") {
        return to + "bound to " + bound + ", forwarded by " + text_at(answer, "terminal");
    }
    if (outcome == "delivered") {
        return to + "delivered here, by " + text_at(answer, "terminal");
    }
    if (outcome == "router" || outcome == "echo") {
        return to + "taken by this router itself";
    }
    if (outcome == "copied") {
        return to + "a copy to each machine that has it";
    }
    if (outcome == "waits") {
        return to + "waits for a feasible route to " + bound;
    }
    return to + "refused: " + text_at(answer, "code") + ": " + text_at(answer, "message");
}

std::string explain_text(const envelope::Json& answer, bool colour) {
    Table table({"",
                 "MACHINE",
                 "TERMINAL",
                 "NEIGHBOUR",
                 {"HOPS", true},
                 {"COST", true},
                 {"INSTANCES", true},
                 "HEALTH",
                 "WHY",
                 "LEARNED"});
    for (const envelope::Json& row : list_at(answer, "candidates")) {
        const bool chosen = flag_at(row, "chosen");
        const bool learned = !text_at(row, "neighbour").empty();
        table.add({chosen ? Cell("→", Tone::good) : Cell(" "),
                   text_at(row, "machineId"),
                   text_at(row, "terminal"),
                   text_at(row, "neighbour"),
                   text_at(row, "hops"),
                   text_at(row, "cost"),
                   text_at(row, "instances"),
                   text_at(row, "health"),
                   {text_at(row, "reason"), chosen ? Tone::good : Tone::faint},
                   learned ? format_age(number_at(row, "ageMs")) + " ago" : std::string()});
    }
    return verdict(answer) + "\n" + (table.empty() ? "no candidates\n" : table.text(colour));
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
    struct Asked {
        std::string destination;
        std::string header;
        std::string source;
    };
    const auto asked = std::make_shared<Asked>();
    View view;
    view.name = "explain";
    view.description = "Where an envelope would go now, and why not elsewhere";
    view.examples =
        "The arrow marks what is chosen. For every other candidate the one reason: farther, not "
        "its turn, busier, not drawn, the key is another's, unfeasible, unreachable, detached, "
        "unhealthy, draining, a 9P server. --header and --source say what a sticky policy goes by. "
        "It is the decision that forwarding itself "
        "would make. Exit code 1: "
        "it would be refused.\n\nExamples:\n"
        "  jetway explain gpu-server\n"
        "  jetway explain gpu-server --from machine-b\n"
        "  jetway explain gpu-server --header user=ada\n"
        "  jetway explain mp4-encoder@machine-a --json";
    view.text = explain_text;
    view.at_alias = "--from";
    view.add_options = [asked](CLI::App& verb) {
        verb.add_option("DEST", asked->destination, "service, service@machine or service@*")
            ->required()
            ->check(destination_check());
        verb.add_option("--header", asked->header, "A header that the envelope would have")
            ->type_name("K=V");
        verb.add_option("--source", asked->source, "Where it would come from")
            ->type_name("ADDRESS");
    };
    view.fetch = [asked](const Ask& ask, envelope::Json args) {
        args["destination"] = asked->destination;
        if (!asked->header.empty()) {
            args["header"] = asked->header;
        }
        if (!asked->source.empty()) {
            args["source"] = asked->source;
        }
        return ask(std::move(args));
    };
    view.exit_code = [](const envelope::Json& answer) {
        return text_at(answer, "outcome") == "refused" ? exit_negative : exit_yes;
    };
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
