#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

std::string policies_text(const Json& answer, bool colour) {
    Table table({"SERVICE", "POLICY", "SET AT"});
    for (const Json& row : list_at(answer, "services")) {
        const bool set = number_at(row, "revision") > 0;
        table.add({text_at(row, "name"), text_at(row, "policy"),
                   set ? text_at(row, "setAt") : std::string("(default)")});
    }
    return table.empty() ? "no services\n" : table.text(colour);
}

}  // namespace jetway::console
