#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/text.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

std::string registration_text(const Json& answer) {
    return printable(text_at(answer, "service") + " at " + text_at(answer, "address") +
                     (flag_at(answer, "registered") ? " is registered" : " is registered no more") +
                     " at " + text_at(answer, "machineId")) +
           "\n";
}

}  // namespace jetway::console
