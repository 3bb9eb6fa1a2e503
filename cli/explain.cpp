// `jetway explain`: where an envelope would go, and why not elsewhere.
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "console/fields.h"
#include "console/views.h"

namespace jetway::cli {

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
    view.text = console::explain_text;
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
        return console::text_at(answer, "outcome") == "refused" ? exit_negative : exit_yes;
    };
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
