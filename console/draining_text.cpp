#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/text.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

std::string draining_text(const Json& answer) {
    std::string text;
    for (const Json& service : list_at(answer, "services")) {
        if (text_at(service, "state") == "draining" && number_at(service, "instances") > 0) {
            const std::uint64_t queued = number_at(service, "queuedBytes");
            const std::uint64_t instances = number_at(service, "instances");
            text += (text.empty() ? "" : ", ") + text_at(service, "name") + " (" +
                    std::to_string(instances) + (instances == 1 ? " instance" : " instances") +
                    (queued > 0 ? ", " + format_bytes(queued) + " queued" : "") + ")";
        }
    }
    return text.empty() ? "what is on its way" : text;
}

bool is_drained(const Json& answer, const std::string& service) {
    if (service.empty()) {
        return flag_at(answer, "done");
    }
    for (const Json& one : list_at(answer, "services")) {
        if (text_at(one, "name") == service) {
            return text_at(one, "state") == "drained";
        }
    }
    return true;
}

std::string drained_text(const std::string& machine, const std::string& service, bool undone) {
    const std::string what = service.empty() ? "router " + machine : service;
    return printable(undone            ? what + " is in use again"
                     : service.empty() ? what + " is drained: stopping it now loses nothing"
                                       : what + " is drained at " + machine) +
           "\n";
}

}  // namespace jetway::console
