#include "config/rules.h"

#include "envelope/pattern.h"

namespace jetway::config {

namespace {

struct Entries {
    std::string_view what;  // "a name or a pattern such as `gpu-*`"
    bool (*valid)(std::string_view);
};

constexpr Entries name_entries{"a name or a pattern such as `gpu-*`", envelope::valid_name_pattern};
constexpr Entries addresses{"a service or a pattern such as `gpu-*` or `*@machine-a`",
                            envelope::valid_address_pattern};
constexpr Entries machines{"the name of a machine", envelope::valid_name};
constexpr Entries ids{"a name, or its number", [](std::string_view) { return true; }};

// Nothing at all isn't an empty list here: who means that nobody may, says so.
std::vector<PlacedName> read_list(const YamlNode& node, std::string_view key,
                                  const Entries& entries, Problems& problems) {
    std::vector<PlacedName> list;
    if (node.kind != YamlNode::Kind::sequence) {
        problems.add(node.place, std::string(key) + ": expected a list, each item " +
                                     std::string(entries.what) + " (`[]`: none)");
        return list;
    }
    for (const YamlNode& item : node.items) {
        std::optional<std::string> text = text_of(item, entries.what, problems);
        if (text && !entries.valid(*text)) {
            problems.add(item.place, std::string(key) + ": expected " + std::string(entries.what) +
                                         ", not " + quoted(*text));
        } else if (text) {
            list.push_back({std::move(*text), item.place});
        }
    }
    return list;
}

std::optional<std::vector<std::string>> read_list_at(const Section& section, std::string_view key,
                                                     const Entries& entries, Problems& problems) {
    const YamlNode* node = section.find(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> list;
    for (PlacedName& one : read_list(*node, key, entries, problems)) {
        list.push_back(std::move(one.name));
    }
    return list;
}

}  // namespace

const std::vector<std::string_view>& local_rule_keys() {
    static const std::vector<std::string_view> keys = {"token", "token_file", "allow"};
    return keys;
}

LocalRules read_local_rules(const Section& terminal, bool unix_socket, Problems& problems) {
    LocalRules rules;
    rules.token = terminal.read_text("token", "a token").value_or("");
    if (const YamlNode* file = terminal.find("token_file")) {
        if (file->kind != YamlNode::Kind::scalar || file->text.empty()) {
            problems.add(file->place, "token_file: expected the path of a file");
        } else if (terminal.find("token") != nullptr) {
            problems.add(terminal.place_of("token_file"),
                         "`token` and `token_file` can't both stand here: expected one of them");
        } else {
            rules.token_file = file->text;
        }
    }
    const YamlNode* node = terminal.find("allow");
    if (node == nullptr) {
        return rules;
    }
    const Section allow(*node, "a map with `attach`, `send`, `users` or `groups`", problems);
    allow.check_keys({{"attach", "send", "users", "groups"}, {}, {}});
    rules.attach = read_list_at(allow, "attach", name_entries, problems);
    rules.send = read_list_at(allow, "send", addresses, problems);
    rules.users = read_list_at(allow, "users", ids, problems);
    rules.groups = read_list_at(allow, "groups", ids, problems);
    for (const std::string_view key : {"users", "groups"}) {
        if (!unix_socket && allow.find(key) != nullptr) {
            problems.add(allow.place_of(key),
                         "the users and groups at the other end are known of a Unix socket only: "
                         "expected `unix://` as the terminal's address, or a `token`");
        }
    }
    return rules;
}

gossip::AnnounceRules read_announce_rules(const YamlNode& node, Problems& problems) {
    const Section section(node, "a map with `machines` or `services`", problems);
    section.check_keys({{"machines", "services"}, {}, {}});
    return {.machines = read_list_at(section, "machines", name_entries, problems),
            .services = read_list_at(section, "services", name_entries, problems)};
}

std::vector<PlacedName> read_machine_names(const YamlNode& node, std::string_view key,
                                           Problems& problems) {
    return read_list(node, key, machines, problems);
}

}  // namespace jetway::config
