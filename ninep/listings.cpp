#include "ninep/listings.h"

namespace jetway::ninep {

namespace {

// Without blanks, so that it is one field of a line.
std::string one_word(const Json& value) {
    std::string text;
    if (value.is_string()) {
        text = value.get_ref<const std::string&>();
    } else if (value.is_array()) {
        for (const Json& element : value) {
            text += (text.empty() ? "" : ",") + one_word(element);
        }
    } else if (!value.is_null()) {
        text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    for (char& c : text) {
        c = static_cast<unsigned char>(c) <= ' ' ? '_' : c;
    }
    return text.empty() ? "-" : text;
}

void add_fields(std::string& text, const std::string& prefix, const Json& map) {
    for (const auto& [key, value] : map.items()) {
        if (value.is_object()) {
            add_fields(text, prefix + key + '.', value);
        } else if (prefix.empty() && key == "schema") {
            continue;
        } else if (value.is_array() && !value.empty() && value.front().is_object()) {
            std::size_t number = 0;
            for (const Json& element : value) {
                add_fields(text, prefix + key + '.' + std::to_string(number++) + '.', element);
            }
        } else {
            text += prefix + key + ' ' + one_word(value) + '\n';
        }
    }
}

}  // namespace

std::string rows_text(const Json& answer, std::string_view key) {
    std::string text;
    const auto rows = answer.find(key);
    if (rows == answer.end() || !rows->is_array()) {
        return text;
    }
    for (const Json& row : *rows) {
        std::string line;
        for (const auto& [name, value] : row.items()) {
            line += (line.empty() ? "" : " ") + one_word(value);
        }
        text += line + '\n';
    }
    return text;
}

std::string fields_text(const Json& answer) {
    std::string text;
    add_fields(text, "", answer);
    return text;
}

}  // namespace jetway::ninep
