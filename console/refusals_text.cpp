#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/table.h"
#include "console/views.h"

namespace jetway::console {

std::string refusals_text(const envelope::Json& answer, bool colour) {
    Table table({"CODE", "DESTINATION", "BY TERMINAL", {"COUNT", true}, "LAST", "WHY"});
    for (const envelope::Json& row : list_at(answer, "refusals")) {
        table.add({{text_at(row, "code"), Tone::bad},
                   text_at(row, "destination"),
                   text_at(row, "terminal"),
                   format_count(number_at(row, "count")),
                   format_age(number_at(row, "lastMs")) + " ago",
                   text_at(row, "why")});
    }
    return table.empty() ? "nothing was refused\n" : table.text(colour);
}

}  // namespace jetway::console
