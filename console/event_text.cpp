#include "console/event_text.h"

#include <nlohmann/json.hpp>

#include "console/fields.h"
#include "console/table.h"
#include "console/text.h"

namespace jetway::console {

namespace {

std::string field_text(const std::string& value) {
    std::string text = printable(value);
    for (char& c : text) {
        c = c == '"' ? '\'' : c;
    }
    return text.empty() || text.find(' ') != std::string::npos ? '"' + text + '"' : text;
}

}  // namespace

std::string event_text(const envelope::Json& event, WallTime now, bool colour) {
    constexpr std::size_t clock_at = 11;  // in 2025-11-20T14:03:22.123
    constexpr std::size_t clock_length = 8;
    const std::chrono::milliseconds age(number_at(event, "ageMs"));
    const std::string level = text_at(event, "level");
    std::string text =
        paint(timestamp(now - age).substr(clock_at, clock_length), Tone::faint, colour) + " " +
        paint(printable(text_at(event, "event")),
              level == "warning" || level == "error" ? Tone::bad : Tone::plain, colour);
    for (const auto& [key, value] : object_at(event, "fields").items()) {
        text +=
            " " + printable(key) + "=" +
            field_text(value.is_string() ? value.get<std::string>() : envelope::write_json(value));
    }
    return text;
}

}  // namespace jetway::console
