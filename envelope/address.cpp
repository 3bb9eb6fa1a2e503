#include "envelope/address.h"

#include <algorithm>

namespace jetway::envelope {

namespace {

bool alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

Address split_address(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos) {
        return {.service = text, .machine = {}};
    }
    return {.service = text.substr(0, at), .machine = text.substr(at + 1)};
}

bool valid_name(std::string_view name) {
    return !name.empty() && name.size() <= max_name && alphanumeric(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool valid_address(std::string_view text) {
    const Address address = split_address(text);
    if (!valid_name(address.service)) {
        return false;
    }
    return address.service.size() == text.size() || address.everywhere() ||
           valid_name(address.machine);
}

bool reserved_name(std::string_view name) {
    return name == "router" || name == "echo" || name.starts_with(client_prefix);
}

std::string make_address(std::string_view service, std::string_view machine) {
    std::string text(service);
    text += '@';
    text += machine;
    return text;
}

}  // namespace jetway::envelope
