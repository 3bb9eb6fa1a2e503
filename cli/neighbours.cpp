// `jetway neighbours`: the routers at the other ends of the network terminals.
#include <nlohmann/json.hpp>

#include "cli/format.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "cli/view_texts.h"

namespace jetway::cli {

std::string neighbours_text(const envelope::Json& answer, bool colour) {
    Table table({"MACHINE",
                 "TERMINAL",
                 "STATE",
                 {"COST", true},
                 {"ROUTES", true},
                 {"REFUSED", true},
                 "LAST HEARD",
                 {"INCARNATION", true}});
    for (const envelope::Json& neighbour : list_at(answer, "neighbours")) {
        const bool heard = !text_at(neighbour, "lastHeardMs").empty();
        table.add({text_at(neighbour, "machineId"), text_at(neighbour, "terminal"),
                   state_cell(text_at(neighbour, "state")), text_at(neighbour, "cost"),
                   text_at(neighbour, "routes"), text_at(neighbour, "refused"),
                   heard ? format_age(number_at(neighbour, "lastHeardMs")) + " ago" : "",
                   text_at(neighbour, "incarnation")});
    }
    return table.empty() ? "no neighbours\n" : table.text(colour);
}

void add_neighbours(CLI::App& app, Context& context) {
    add_view(app, context,
             {.name = "neighbours",
              .description = "The routers that this one has links to, and what they told it",
              .examples = "Examples:\n"
                          "  jetway neighbours\n"
                          "  jetway neighbours --at machine-b --json",
              .text = neighbours_text,
              .all_help = {}});
}

}  // namespace jetway::cli
