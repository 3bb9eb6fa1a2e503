#include "console/fields.h"

#include <nlohmann/json.hpp>

namespace jetway::console {

using envelope::Json;

namespace {

const Json* find(const Json& object, const std::string& key) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::string text_at(const Json& object, const std::string& key) {
    const Json* value = find(object, key);
    if (value == nullptr || value->is_null()) {
        return {};
    }
    return value->is_string() ? value->get<std::string>() : envelope::write_json(*value);
}

std::uint64_t number_at(const Json& object, const std::string& key) {
    const Json* value = find(object, key);
    return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

bool flag_at(const Json& object, const std::string& key) {
    const Json* value = find(object, key);
    return value != nullptr && value->is_boolean() && value->get<bool>();
}

const Json& object_at(const Json& object, const std::string& key) {
    static const Json none = Json::object();
    const Json* value = find(object, key);
    return value != nullptr && value->is_object() ? *value : none;
}

const Json& list_at(const Json& object, const std::string& key) {
    static const Json none = Json::array();
    const Json* value = find(object, key);
    return value != nullptr && value->is_array() ? *value : none;
}

std::string joined_at(const Json& object, const std::string& key) {
    std::string text;
    for (const Json& one : list_at(object, key)) {
        text += (text.empty() ? "" : ", ") +
                (one.is_string() ? one.get<std::string>() : envelope::write_json(one));
    }
    return text;
}

}  // namespace jetway::console
