// `jetway graph`: the mesh as a router sees it, to be drawn.
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "cli/view.h"
#include "console/graph_text.h"

namespace jetway::cli {

void add_graph(CLI::App& app, Context& context) {
    const auto format = std::make_shared<std::string>("mermaid");
    View view;
    view.name = "graph";
    view.description = "The mesh as the router sees it: machines, services, links and ways";
    view.examples =
        "A router knows its own links; of the rest it knows only ways that neighbours announced, "
        "which are drawn dashed.\n\nExamples:\n"
        "  jetway graph                          # paste it into a ```mermaid block\n"
        "  jetway graph --format dot | dot -Tsvg > mesh.svg\n"
        "  jetway graph --format json --at machine-b";
    view.text = [format](const envelope::Json& answer, bool) {
        if (*format == "json") {
            return envelope::write_json(answer) + "\n";
        }
        return *format == "dot" ? console::graph_dot(answer) : console::graph_mermaid(answer);
    };
    view.takes_all = true;
    view.all_help = "The ways that aren't selected, too";
    view.add_options = [format](CLI::App& verb) {
        verb.add_option("--format", *format, "What to draw it with")
            ->type_name("mermaid|dot|json")
            ->capture_default_str()
            ->check(CLI::IsMember({"mermaid", "dot", "json"}));
    };
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
