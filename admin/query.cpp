#include "admin/query.h"

#include <algorithm>

namespace jetway::admin {

namespace {

int hexadecimal(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// `+` is a blank in arguments only.
bool decode(std::string_view text, bool of_args, std::string& into) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            into += of_args && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size() || hexadecimal(text[i + 1]) < 0 || hexadecimal(text[i + 2]) < 0) {
            return false;
        }
        into += static_cast<char>(hexadecimal(text[i + 1]) * 16 + hexadecimal(text[i + 2]));
        i += 2;
    }
    return true;
}

}  // namespace

std::optional<Query> read_target(std::string_view target) {
    if (const std::size_t scheme = target.find("://");
        scheme != std::string_view::npos && !target.starts_with('/')) {
        target.remove_prefix(std::min(target.find('/', scheme + 3), target.size()));
        target = target.empty() ? std::string_view("/") : target;
    }
    if (!target.starts_with('/')) {
        return std::nullopt;
    }
    target = target.substr(0, target.find('#'));
    const std::size_t mark = std::min(target.find('?'), target.size());
    Query query;
    if (!decode(target.substr(0, mark), false, query.path)) {
        return std::nullopt;
    }
    std::string_view rest = target.substr(std::min(mark + 1, target.size()));
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (one.empty()) {
            continue;
        }
        const std::size_t equals = std::min(one.find('='), one.size());
        auto& [name, value] = query.args.emplace_back();
        if (!decode(one.substr(0, equals), true, name) ||
            !decode(one.substr(std::min(equals + 1, one.size())), true, value)) {
            return std::nullopt;
        }
    }
    return query;
}

std::string_view host_of(std::string_view field) {
    if (field.starts_with('[')) {
        return field.substr(1, std::min(field.find(']'), field.size()) - 1);
    }
    return field.substr(0, field.find(':'));
}

bool is_address(std::string_view host) {
    const auto all_of = [host](std::string_view allowed) {
        return !host.empty() && host.find_first_not_of(allowed) == std::string_view::npos;
    };
    // A name's last part has a letter (RFC 3696, section 2), and no name has a colon.
    const bool ipv6 =
        host.find(':') != std::string_view::npos && all_of("0123456789abcdefABCDEF:.");
    return ipv6 || (all_of("0123456789.") && std::count(host.begin(), host.end(), '.') == 3);
}

}  // namespace jetway::admin
