// `jetway terminals`: what is connected to a router, and what went over it.
#include <nlohmann/json.hpp>

#include "cli/format.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "cli/view_texts.h"

namespace jetway::cli {

std::string terminals_text(const envelope::Json& answer, bool colour) {
    Table table({"TERMINAL",
                 "TYPE",
                 "STATE",
                 "PEER",
                 "ADDRESS",
                 {"QUEUED", true},
                 {"IN", true},
                 {"OUT", true},
                 {"BYTES IN", true},
                 {"BYTES OUT", true},
                 {"REFUSED", true},
                 "SERVICES"});
    for (const envelope::Json& terminal : list_at(answer, "terminals")) {
        table.add({text_at(terminal, "name"), text_at(terminal, "type"),
                   state_cell(text_at(terminal, "state")), text_at(terminal, "peer"),
                   text_at(terminal, "address"), format_bytes(number_at(terminal, "queuedBytes")),
                   format_count(number_at(terminal, "framesIn")),
                   format_count(number_at(terminal, "framesOut")),
                   format_bytes(number_at(terminal, "bytesIn")),
                   format_bytes(number_at(terminal, "bytesOut")),
                   format_count(number_at(terminal, "refused")), joined_at(terminal, "services")});
    }
    return table.empty() ? "no terminals\n" : table.text(colour);
}

void add_terminals(CLI::App& app, Context& context) {
    add_view(app, context,
             {.name = "terminals",
              .description = "What is connected to a router: services, neighbours, the loopback",
              .examples = "Examples:\n"
                          "  jetway terminals\n"
                          "  jetway terminals --at machine-c",
              .text = terminals_text,
              .all_help = {}});
}

}  // namespace jetway::cli
