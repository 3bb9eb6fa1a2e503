// Rules: who may do what at a terminal, as a deployment file writes it: `token`, `token_file` and
// `allow` of a local terminal, `announce` of a network terminal. Names of users and groups, and
// what stands in a token's file, are for the shell to look up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/section.h"
#include "gossip/rules.h"

namespace jetway::config {

struct PlacedName {
    std::string name;
    Place place;
};

// What is absent is allowed to all.
struct LocalRules {
    std::string token;       // empty: none, or the one in
    std::string token_file;  // a path as it was written; empty: none
    std::optional<std::vector<std::string>> attach;
    std::optional<std::vector<std::string>> send;
    std::optional<std::vector<std::string>> users;  // names or numbers, as for groups
    std::optional<std::vector<std::string>> groups;

    bool any() const {
        return !token.empty() || !token_file.empty() || attach || send || users || groups;
    }

    friend bool operator==(const LocalRules&, const LocalRules&) = default;
};

// The keys of the two kinds of rules, for the section that they stand in together with its own.
const std::vector<std::string_view>& local_rule_keys();

// `terminal` is the section of a local terminal; `unix_socket`: its users are known.
LocalRules read_local_rules(const Section& terminal, bool unix_socket, Problems& problems);

// `announce: {machines: [...], services: [...]}` of a network terminal.
gossip::AnnounceRules read_announce_rules(const YamlNode& node, Problems& problems);

// A list of names of machines, which stands under `key`.
std::vector<PlacedName> read_machine_names(const YamlNode& node, std::string_view key,
                                           Problems& problems);

}  // namespace jetway::config
