// Permissions: who may do what at a router, as its deployment says it: who may connect at a local
// terminal, attach which names there, send where, and who may change the router itself.
//
// Every question is answered with what to tell whoever may not, or with nothing when it is allowed.
// Users and groups are numbers here: the shell looks the names up, and reads the tokens from their
// files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/arrival.h"

namespace jetway::router {

// The rules of one local terminal. What is absent is allowed to all.
struct TerminalRules {
    std::string token;                               // that HELLO must give; empty: none
    std::optional<std::vector<std::string>> attach;  // patterns of names
    std::optional<std::vector<std::string>> send;    // patterns of addresses
    // Who may connect at a Unix socket: one of these users, or of these groups. With one of the two
    // absent the other decides alone.
    std::optional<std::vector<std::uint32_t>> users;
    std::optional<std::vector<std::uint32_t>> groups;

    friend bool operator==(const TerminalRules&, const TerminalRules&) = default;
};

// A local terminal of the deployment, under its name; the default one's is empty.
struct LocalTerminal {
    std::string name;
    TerminalRules rules;

    friend bool operator==(const LocalTerminal&, const LocalTerminal&) = default;
};

// Whoever is part of this program may do all that a terminal's rules could forbid: ask for these
// rules only of others.
using Refused = std::optional<std::string>;

// To connect with that token. It isn't told whether a token was wrong or missing.
Refused why_not_connect(const TerminalRules& rules, const Arrival& arrival, std::string_view token);
Refused why_not_attach(const TerminalRules& rules, std::string_view name);

// To send to `destination`, as it was written. `home` is the machine that `router`, `echo` and
// `client-…` are at when they stand alone.
bool may_send(const TerminalRules& rules, std::string_view destination, std::string_view home);

// Who may change the router itself: drain, and the like.
struct ControlRights {
    std::vector<std::uint32_t> users{0};  // of this machine: root, and whom the router runs as
    std::optional<std::uint32_t> group;   // `control_group`
    std::vector<std::string> remote;      // `admin.remote`: other machines

    friend bool operator==(const ControlRights&, const ControlRights&) = default;
};

// A request that comes from somebody attached here.
Refused why_not_control(const ControlRights& rights, const Arrival& arrival);
// One that came by the link at `arrival` from `source`. The machine named there answers for who
// may ask it; that it is that machine's word is as sure as the routers that passed it on.
Refused why_not_control_from(const ControlRights& rights, const Arrival& arrival,
                             std::string_view source);

}  // namespace jetway::router
