#include "daemon/rights.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <vector>

#include "io/file.h"

namespace jetway::daemon {

namespace {

using base::Error;
using base::Result;
using Ids = std::vector<std::uint32_t>;

constexpr std::size_t longest_token = 1024;
constexpr std::size_t most_entry = std::size_t{1} << 20U;  // bytes of a user's or group's entry

// What getpwnam_r(3) or getgrnam_r(3) says of the name, with as much room as it asks for.
template <typename Entry, typename Look>
std::optional<std::uint32_t> look_up(const std::string& name, Look look,
                                     std::uint32_t Entry::*number) {
    std::vector<char> room(4096);
    Entry entry{};
    Entry* found = nullptr;
    int error = look(name.c_str(), &entry, room.data(), room.size(), &found);
    while (error == ERANGE && room.size() < most_entry) {
        room.resize(room.size() * 2);
        error = look(name.c_str(), &entry, room.data(), room.size(), &found);
    }
    return error == 0 && found != nullptr ? std::optional(entry.*number) : std::nullopt;
}

Result<std::uint32_t> id_of(const std::string& text, bool group) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) {
        return number;
    }
    const std::optional<std::uint32_t> id = group ? look_up(text, getgrnam_r, &::group::gr_gid)
                                                  : look_up(text, getpwnam_r, &::passwd::pw_uid);
    if (!id) {
        return Error{"config", std::string(group ? "group" : "user") + " `" + text +
                                   "` isn't known on this machine: make it, or write its number"};
    }
    return *id;
}

Result<Ids> ids_of(const std::vector<std::string>& texts, bool group) {
    Ids ids;
    for (const std::string& text : texts) {
        const Result<std::uint32_t> id = id_of(text, group);
        if (!id) {
            return id.error();
        }
        ids.push_back(*id);
    }
    return ids;
}

Result<std::string> token_in(const std::string& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) == 0 && (about.st_mode & 077U) != 0) {
        return Error{"config", "the token in " + path +
                                   " can be read by others: make the file's mode 0600 (chmod 600)"};
    }
    Result<std::string> text = io::read_file(path, longest_token);
    if (!text) {
        return Error{"config", "token_file: " + text.error().detail};
    }
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
        text->pop_back();
    }
    if (text->empty() || text->find('\n') != std::string::npos) {
        return Error{"config", "token_file: expected the token as the only line of " + path};
    }
    return text;
}

Result<router::TerminalRules> rules_of(const config::LocalRules& from) {
    router::TerminalRules rules;
    rules.token = from.token;
    rules.attach = from.attach;
    rules.send = from.send;
    if (!from.token_file.empty()) {
        Result<std::string> token = token_in(from.token_file);
        if (!token) {
            return token.error();
        }
        rules.token = std::move(*token);
    }
    if (from.users) {
        Result<Ids> users = ids_of(*from.users, false);
        if (!users) {
            return users.error();
        }
        rules.users = std::move(*users);
    }
    if (from.groups) {
        Result<Ids> groups = ids_of(*from.groups, true);
        if (!groups) {
            return groups.error();
        }
        rules.groups = std::move(*groups);
    }
    if (rules.users || rules.groups) {
        Ids& users = rules.users ? *rules.users : rules.users.emplace();
        users.push_back(0);
        users.push_back(::geteuid());
    }
    return rules;
}

}  // namespace

base::Result<void> look_up_rights(config::MachineConfig& machine) {
    std::vector<router::LocalTerminal> locals;
    const auto add = [&locals](const std::string& name,
                               const config::LocalRules& from) -> Result<void> {
        if (from.any()) {
            Result<router::TerminalRules> rules = rules_of(from);
            if (!rules) {
                return Error{"config", "terminal `" + (name.empty() ? "local" : name) +
                                           "`: " + rules.error().detail};
            }
            locals.push_back({name, std::move(*rules)});
        }
        return {};
    };
    if (const Result<void> added = add("", machine.socket_rules); !added) {
        return added.error();
    }
    for (const config::LocalTerminalConfig& local : machine.locals) {
        if (const Result<void> added = add(local.name, local.rules); !added) {
            return added.error();
        }
    }
    for (const config::LocalTerminalConfig& debug : machine.debugs) {
        if (const Result<void> added = add(debug.name, debug.rules); !added) {
            return added.error();
        }
    }
    router::ControlRights control;
    control.remote = machine.router.control.remote;
    control.users.push_back(::geteuid());
    if (machine.control_group) {
        const Result<std::uint32_t> group = id_of(*machine.control_group, true);
        if (!group) {
            return Error{"config", "control_group: " + group.error().detail};
        }
        control.group = *group;
    }
    machine.router.locals = std::move(locals);
    machine.router.control = std::move(control);
    return {};
}

}  // namespace jetway::daemon
