#include "config/reload.h"

#include <algorithm>
#include <cstdint>

#include "base/units.h"

namespace jetway::config {
namespace {

bool same_thing(const LinkConfig& a, const LinkConfig& b) {
    return a.name == b.name && a.peer == b.peer;
}
// A listener can't move: at another address it is another one.
bool same_thing(const LocalTerminalConfig& a, const LocalTerminalConfig& b) {
    return a.name == b.name && a.address == b.address;
}
bool same_thing(const router::ConfiguredService& a, const router::ConfiguredService& b) {
    return a.name == b.name;
}
bool same_thing(const Address& a, const Address& b) {
    return a == b;
}
bool same_thing(const std::string& a, const std::string& b) {
    return a == b;
}

template <typename T>
const T* find_same(const std::vector<T>& all, const T& wanted) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const T& one) { return same_thing(one, wanted); });
    return found == all.end() ? nullptr : &*found;
}

// In the order of the files: what was removed in the old one's, the rest in the new one's.
template <typename T>
Changes<T> difference(const std::vector<T>& old, const std::vector<T>& fresh) {
    Changes<T> changes;
    for (const T& one : old) {
        if (find_same(fresh, one) == nullptr) {
            changes.removed.push_back(one);
        }
    }
    for (const T& one : fresh) {
        const T* before = find_same(old, one);
        if (before == nullptr) {
            changes.added.push_back(one);
        } else if (!(*before == one)) {
            changes.changed.push_back({*before, one});
        }
    }
    return changes;
}

class SettingsDifference {
public:
    std::vector<SettingChange> take() { return std::move(changes_); }

    void text(std::string name, std::string before, std::string after) {
        if (before != after) {
            changes_.push_back({std::move(name), std::move(before), std::move(after)});
        }
    }
    void duration(std::string name, base::Duration before, base::Duration after) {
        text(std::move(name), base::format_duration(before), base::format_duration(after));
    }
    void size(std::string name, std::uint64_t before, std::uint64_t after) {
        text(std::move(name), base::format_size(before), base::format_size(after));
    }
    void count(std::string name, std::uint64_t before, std::uint64_t after) {
        text(std::move(name), std::to_string(before), std::to_string(after));
    }
    void flag(std::string name, bool before, bool after) {
        text(std::move(name), before ? "true" : "false", after ? "true" : "false");
    }

private:
    std::vector<SettingChange> changes_;
};

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

std::string texts_of(const std::vector<Listener>& listeners) {
    std::vector<std::string> texts;
    for (const Listener& one : listeners) {
        texts.push_back(one.address.text() + (one.write ? " (write)" : ""));
    }
    return joined(texts);
}

std::vector<SettingChange> compare_settings(const MachineConfig& old, const MachineConfig& fresh) {
    SettingsDifference all;
    const gossip::Options& gossip = old.router.gossip;
    const gossip::Options& new_gossip = fresh.router.gossip;
    const terminal::Options& terminal = old.router.terminal;
    const terminal::Options& new_terminal = fresh.router.terminal;
    all.duration("gossip.interval", gossip.interval, new_gossip.interval);
    all.duration("gossip.min_interval", gossip.min_interval, new_gossip.min_interval);
    all.duration("gossip.request_timeout", gossip.request_timeout, new_gossip.request_timeout);
    all.duration("gossip.hello", terminal.hello, new_terminal.hello);
    all.duration("gossip.dead_after", terminal.dead_after, new_terminal.dead_after);
    all.size("limits.queue", terminal.queue, new_terminal.queue);
    all.size("limits.unacknowledged", terminal.unacknowledged, new_terminal.unacknowledged);
    all.size("limits.held", terminal.held, new_terminal.held);
    all.size("limits.max_frame", terminal.max_frame, new_terminal.max_frame);
    all.count("limits.services", terminal.services, new_terminal.services);
    all.count("limits.machines", gossip.max_machines, new_gossip.max_machines);
    all.count("limits.terminals", old.router.terminals, fresh.router.terminals);
    all.count("limits.debug_sessions", old.debug_sessions, fresh.debug_sessions);
    all.count("limits.errors", old.router.errors, fresh.router.errors);
    all.text("admin.listen", texts_of(old.admin.listen), texts_of(fresh.admin.listen));
    all.text("ninep.listen", texts_of(old.ninep), texts_of(fresh.ninep));
    all.duration("limits.hello_timeout", terminal.hello_timeout, new_terminal.hello_timeout);
    all.duration("limits.hold_timeout", terminal.hold_timeout, new_terminal.hold_timeout);
    all.duration("limits.frame_timeout", terminal.frame_timeout, new_terminal.frame_timeout);
    all.count("limits.handshakes", old.handshakes.at_once, fresh.handshakes.at_once);
    all.count("limits.handshakes_per_address", old.handshakes.per_address,
              fresh.handshakes.per_address);
    all.duration("limits.handshake_timeout", old.handshakes.timeout, fresh.handshakes.timeout);
    const balance::Options& balance = old.router.balance;
    const balance::Options& new_balance = fresh.router.balance;
    all.count("balance.unhealthy_after", balance.unhealthy_after, new_balance.unhealthy_after);
    all.count("balance.healthy_after", balance.healthy_after, new_balance.healthy_after);
    all.duration("balance.probe_interval", balance.probe_interval, new_balance.probe_interval);
    all.duration("balance.probe_timeout", balance.probe_timeout, new_balance.probe_timeout);
    all.duration("balance.probe_backoff", balance.probe_backoff, new_balance.probe_backoff);
    all.duration("balance.probe_backoff_max", balance.probe_backoff_max,
                 new_balance.probe_backoff_max);
    all.duration("balance.request_timeout", balance.request_timeout, new_balance.request_timeout);
    all.text("security.certificates", old.security.certificates, fresh.security.certificates);
    all.text("security.ca", old.security.ca, fresh.security.ca);
    all.text("security.certificate", old.security.certificate, fresh.security.certificate);
    all.text("security.key", old.security.key, fresh.security.key);
    all.count("hop_limit", old.router.hop_limit, fresh.router.hop_limit);
    all.flag("insecure", old.insecure, fresh.insecure);
    all.duration("shutdown_grace", old.shutdown_grace, fresh.shutdown_grace);
    all.text("control_group", old.control_group.value_or(""), fresh.control_group.value_or(""));
    all.flag("strict_services", old.strict_services, fresh.strict_services);
    all.text("unknown_neighbours", old.refuse_unknown_neighbours ? "refuse" : "allow",
             fresh.refuse_unknown_neighbours ? "refuse" : "allow");
    all.text("admin.remote", joined(old.router.control.remote),
             joined(fresh.router.control.remote));
    return all.take();
}

std::vector<std::string> compare_rules(const MachineConfig& old, const MachineConfig& fresh) {
    std::vector<std::string> changes;
    if (old.socket_rules != fresh.socket_rules) {
        changes.push_back("rules of terminal " + fresh.socket_name + " changed");
    }
    const bool lists = fresh.strict_services && old.strict_services;
    if (lists &&
        !gossip::Rules::same_lists(old.router.strict_services, fresh.router.strict_services)) {
        changes.push_back("services that machines may announce changed");
    }
    if (fresh.refuse_unknown_neighbours && old.refuse_unknown_neighbours &&
        old.router.known_neighbours != fresh.router.known_neighbours) {
        changes.push_back("neighbours that may connect changed");
    }
    return changes;
}

std::vector<std::string> compare_fixed(const MachineConfig& old, const MachineConfig& fresh) {
    std::vector<std::string> problems;
    const auto socket_of = [](const MachineConfig& machine) {
        const std::string where = machine.socket ? machine.socket->text() : "its default place";
        return "terminal " + quoted(machine.socket_name) + " at " + where;
    };
    if (old.name != fresh.name) {
        problems.push_back("the machine is named " + quoted(old.name) + ", and can't become " +
                           quoted(fresh.name) + " while it runs: restart it");
    }
    if (old.socket != fresh.socket || old.socket_name != fresh.socket_name) {
        problems.push_back("the Unix socket can't change while the router runs (" + socket_of(old) +
                           ", now " + socket_of(fresh) + "): restart it");
    }
    return problems;
}

std::string name_of(const LinkConfig& link) {
    return link.name;
}
std::string name_of(const LocalTerminalConfig& local) {
    return local.name + " on " + local.address.text();
}
std::string name_of(const router::ConfiguredService& service) {
    return service.name;
}
std::string name_of(const Address& address) {
    return address.text();
}
std::string name_of(const std::string& name) {
    return name;
}

template <typename T>
void describe_changes(const std::string& what, const Changes<T>& changes,
                      std::vector<std::string>& lines) {
    for (const T& one : changes.removed) {
        lines.push_back(what + " " + name_of(one) + " removed");
    }
    for (const T& one : changes.added) {
        lines.push_back(what + " " + name_of(one) + " added");
    }
    for (const Change<T>& one : changes.changed) {
        lines.push_back(what + " " + name_of(one.after) + " changed");
    }
}

}  // namespace

bool Reload::nothing() const {
    return links.empty() && locals.empty() && debugs.empty() && services.empty() &&
           listen.empty() && loopbacks.empty() && settings.empty() && rules.empty() &&
           problems.empty();
}

Reload compare(const MachineConfig& old, const MachineConfig& fresh) {
    Reload reload;
    reload.links = difference(old.links, fresh.links);
    reload.locals = difference(old.locals, fresh.locals);
    reload.debugs = difference(old.debugs, fresh.debugs);
    reload.services = difference(old.router.services, fresh.router.services);
    reload.listen = difference(old.listen, fresh.listen);
    reload.loopbacks = difference(old.loopbacks, fresh.loopbacks);
    reload.settings = compare_settings(old, fresh);
    reload.rules = compare_rules(old, fresh);
    reload.problems = compare_fixed(old, fresh);
    return reload;
}

std::vector<std::string> describe(const Reload& reload) {
    std::vector<std::string> lines = reload.problems;
    describe_changes("link", reload.links, lines);
    describe_changes("local terminal", reload.locals, lines);
    describe_changes("debug terminal", reload.debugs, lines);
    describe_changes("loopback terminal", reload.loopbacks, lines);
    describe_changes("listener", reload.listen, lines);
    describe_changes("service", reload.services, lines);
    for (const SettingChange& setting : reload.settings) {
        lines.push_back(setting.name + " changed from " +
                        (setting.before.empty() ? "nothing" : setting.before) + " to " +
                        (setting.after.empty() ? "nothing" : setting.after));
    }
    lines.insert(lines.end(), reload.rules.begin(), reload.rules.end());
    return lines;
}

}  // namespace jetway::config
