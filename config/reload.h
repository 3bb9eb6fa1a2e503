// Reload: what differs between the configuration a router runs with and the one just read, so that
// a SIGHUP touches only the connections that a change concerns.
//
// A link is the same link while its terminal's name and its peer are. What can't change while
// running is told in words, and then nothing of the reload should be applied.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/deployment.h"

namespace jetway::config {

template <typename T>
struct Change {
    T before;
    T after;
};

template <typename T>
struct Changes {
    std::vector<T> added;
    std::vector<T> removed;
    std::vector<Change<T>> changed;

    bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};

// `gossip.hello` from `300ms` to `100ms`, as the file writes them.
struct SettingChange {
    std::string name;
    std::string before;
    std::string after;
};

struct Reload {
    Changes<LinkConfig> links;            // changed: another address, cost or `announce`
    Changes<LocalTerminalConfig> locals;  // changed: other rules or origins
    Changes<LocalTerminalConfig> debugs;  // as well
    Changes<router::ConfiguredService> services;
    Changes<Address> listen;  // added and removed only
    Changes<std::string> loopbacks;
    std::vector<SettingChange> settings;
    std::vector<std::string> rules;     // what else changed, in words
    std::vector<std::string> problems;  // what takes a restart

    bool nothing() const;  // no change, and no problem either
};

Reload compare(const MachineConfig& old, const MachineConfig& fresh);

// A line for each change, for the log: "link to-machine-c removed".
std::vector<std::string> describe(const Reload& reload);

}  // namespace jetway::config
