#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/format.h"
#include "console/table.h"
#include "console/text.h"
#include "console/views.h"

namespace jetway::console {

using envelope::Json;

namespace {

std::string refusals(const Json& refused) {
    std::string text;
    for (const auto& [code, count] : refused.items()) {
        if (count.is_number_unsigned() && count.get<std::uint64_t>() > 0) {
            text +=
                (text.empty() ? "" : ", ") + code + " " + format_count(count.get<std::uint64_t>());
        }
    }
    return text.empty() ? "none" : text;
}

}  // namespace

std::string status_text(const Json& answer, bool colour) {
    constexpr std::size_t label_width = 12;
    std::string text;
    const auto line = [&text](const std::string& label, const std::string& value) {
        text += label + std::string(label_width - label.size(), ' ') + printable(value) + "\n";
    };
    if (flag_at(answer, "insecure")) {
        text += paint("INSECURE: its listeners beyond loopback neither encrypt nor authenticate",
                      Tone::bad, colour) +
                "\n";
    }
    line("machine", text_at(answer, "machineId"));
    line("version", text_at(answer, "version"));
    line("up", format_age(number_at(answer, "uptimeMs")));
    const Json& terminals = object_at(answer, "terminals");
    line("terminals", std::to_string(number_at(terminals, "up")) + " up of " +
                          std::to_string(number_at(terminals, "all")));
    line("machines", format_count(number_at(answer, "machines")));
    line("services", format_count(number_at(answer, "services")));
    const Json& counters = object_at(answer, "counters");
    for (const char* key : {"received", "delivered", "forwarded", "originated", "waiting"}) {
        line(key, format_count(number_at(counters, key)));
    }
    line("refused", refusals(object_at(counters, "refused")));
    line("skipped", format_count(number_at(counters, "skipped")));
    line("cpu",
         format_milliseconds(std::chrono::microseconds(number_at(answer, "cpuMicroseconds"))));
    line("memory", format_bytes(number_at(answer, "residentBytes")));
    line("incarnation", text_at(answer, "incarnation"));
    return text;
}

}  // namespace jetway::console
