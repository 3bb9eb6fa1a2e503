#include "cli/show.h"

#include <nlohmann/json.hpp>

#include "console/format.h"
#include "console/text.h"
#include "envelope/cursor.h"

namespace jetway::cli {

namespace {

using envelope::Cursor;
using envelope::Json;

enum class Form { text, bytes, other };

Form form_of(base::ByteView raw, std::string_view& content) {
    Cursor cursor(raw);
    base::ByteView bytes;
    if (cursor.read_text(content) && cursor.at_end()) {
        return Form::text;
    }
    if (cursor.read_binary(bytes) && cursor.at_end()) {
        content = base::as_text(bytes);
        return Form::bytes;
    }
    return Form::other;
}

// Lines stay lines; nothing else moves the cursor.
std::string printable_lines(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of("\n\t");
        result += console::printable(text.substr(0, end));
        if (end == std::string_view::npos) {
            break;
        }
        result += text[end];
        text.remove_prefix(end + 1);
    }
    return result;
}

std::string json_line(base::ByteView raw) {
    const base::Result<Json> value = envelope::to_json(raw);
    return value ? envelope::write_json(*value)
                 : "<" + console::format_plural(raw.size(), "byte") + ": " + value.error().detail +
                       ">";
}

Json value_of(base::ByteView raw) {
    base::Result<Json> value = envelope::to_json(raw);
    return value ? std::move(value.value()) : Json{{"unreadable", value.error().detail}};
}

}  // namespace

std::string show_data(base::ByteView raw, bool to_terminal) {
    if (raw.empty()) {
        return {};
    }
    std::string_view content;
    const Form form = form_of(raw, content);
    if (form == Form::other) {
        return json_line(raw) + "\n";
    }
    std::string text = to_terminal ? printable_lines(content) : std::string(content);
    const bool ends_line = !text.empty() && text.back() == '\n';
    if ((form == Form::text || to_terminal) && !ends_line) {
        text += '\n';
    }
    return text;
}

std::string show_exactly(base::ByteView raw) {
    std::string_view content;
    if (raw.empty()) {
        return {};
    }
    return form_of(raw, content) == Form::other ? json_line(raw) : std::string(content);
}

std::string show_line(base::ByteView raw) {
    if (raw.empty()) {
        return {};
    }
    std::string_view content;
    const Form form = form_of(raw, content);
    if (form == Form::other) {
        return console::printable(json_line(raw));
    }
    if (!console::is_utf8(content)) {
        return "<" + console::format_plural(content.size(), "byte") + ">";
    }
    while (content.ends_with('\n')) {
        content.remove_suffix(1);
    }
    return console::printable(content);
}

Json show_envelope(const envelope::EnvelopeView& view) {
    Json object = Json::object();
    const auto text = [&object](const char* key, std::string_view value) {
        if (!value.empty()) {
            object[key] = std::string(value);
        }
    };
    const auto raw = [&object](const char* key, base::ByteView value) {
        if (!value.empty()) {
            object[key] = value_of(value);
        }
    };
    text("source", view.source);
    text("destination", view.destination);
    text("replyTo", view.reply_to);
    raw("id", view.id);
    raw("inReplyTo", view.in_reply_to);
    raw("headers", view.headers);
    raw("error", view.error);
    raw("data", view.data);
    return object;
}

}  // namespace jetway::cli
