#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

std::string terminals_text(const Json& answer, bool colour) {
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
    for (const Json& terminal : list_at(answer, "terminals")) {
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

}  // namespace jetway::console
