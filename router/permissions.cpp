#include "router/permissions.h"

#include <algorithm>

#include "envelope/pattern.h"
#include "envelope/secret.h"

namespace jetway::router {

namespace {

bool holds(const std::optional<std::vector<std::uint32_t>>& ids, std::uint32_t id) {
    return ids && std::find(ids->begin(), ids->end(), id) != ids->end();
}

bool is_allowed(const TerminalRules& rules, const SystemUser& user) {
    return holds(rules.users, user.uid) || holds(rules.groups, user.gid) ||
           std::any_of(user.groups.begin(), user.groups.end(),
                       [&rules](std::uint32_t group) { return holds(rules.groups, group); });
}

}  // namespace

Refused why_not_connect(const TerminalRules& rules, const Arrival& arrival,
                        std::string_view token) {
    if ((rules.users || rules.groups) && (!arrival.user || !is_allowed(rules, *arrival.user))) {
        return (arrival.user ? "user " + std::to_string(arrival.user->uid) : "who isn't known") +
               " may not connect here: expected one of the `users` or `groups` that the "
               "deployment allows at this terminal";
    }
    if (!rules.token.empty() && !envelope::same_secret(rules.token, token)) {
        return "this terminal asks for a token: expected the one of the deployment in HELLO";
    }
    return std::nullopt;
}

Refused why_not_attach(const TerminalRules& rules, std::string_view name) {
    if (!rules.attach || envelope::matches_any(*rules.attach, name)) {
        return std::nullopt;
    }
    return "`" + std::string(name) +
           "` may not be attached here: the deployment does not allow that name at this terminal";
}

Refused why_not_control(const ControlRights& rights, const Arrival& arrival) {
    if (arrival.in_process) {
        return std::nullopt;
    }
    if (!arrival.user) {
        return "only who connects by a Unix socket of this machine may change its router: connect "
               "there";
    }
    const SystemUser& user = *arrival.user;
    const auto is = [](std::uint32_t id) { return [id](std::uint32_t one) { return one == id; }; };
    const bool grouped =
        rights.group && (user.gid == *rights.group ||
                         std::any_of(user.groups.begin(), user.groups.end(), is(*rights.group)));
    if (grouped || std::any_of(rights.users.begin(), rights.users.end(), is(user.uid))) {
        return std::nullopt;
    }
    return "user " + std::to_string(user.uid) +
           " may not change this router: do it as root, as the user that the router runs as" +
           (rights.group ? ", or as one in its `control_group`"
                         : ", or name a group of yours as `control_group` in the deployment");
}

Refused why_not_control_from(const ControlRights& rights, const Arrival& arrival,
                             std::string_view source) {
    const std::string_view machine = envelope::split_address(source).machine;
    if (std::find(rights.remote.begin(), rights.remote.end(), machine) == rights.remote.end()) {
        return "machine `" + std::string(machine) +
               "` may not change this router: name it under `admin: {remote: [...]}` in the "
               "deployment, or ask at this router's own machine";
    }
    if (!arrival.encrypted) {
        return "a request that changes this router is taken from another machine only over TLS: "
               "give the link a tls:// address, or ask at this router's own machine";
    }
    return std::nullopt;
}

bool may_send(const TerminalRules& rules, std::string_view destination, std::string_view home) {
    if (!rules.send) {
        return true;
    }
    envelope::Address address = envelope::split_address(destination);
    if (address.machine.empty() && envelope::reserved_name(address.service)) {
        address.machine = home;
    }
    return std::any_of(rules.send->begin(), rules.send->end(), [&](const std::string& pattern) {
        return envelope::matches_address(pattern, address);
    });
}

}  // namespace jetway::router
