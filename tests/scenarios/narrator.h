// Narrator: tells what the routers of a scenario do, a line each: when, who, what.
//
// It tells of what changes: links, selected routes, catalogs, envelopes, and, when asked to, every
// ANNOUNCE that says anything new. It hands all that happens on to the simulator's checker too.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/checker.h"
#include "sim/world.h"

namespace jetway::scenarios {

class Narrator final : public sim::Observer {
public:
    // What is told; `messages`, `heartbeats` and `connections` aren't unless a scenario says
    // `show`.
    std::set<std::string, std::less<>> shown = {"routes", "services", "links", "reports",
                                                "envelopes"};
    bool quiet = false;  // nothing is told for now

    void say(const sim::World& world, std::string_view kind, const std::string& who,
             const std::string& what);
    std::vector<std::string> take_lines();

    // How a machine is called in the transcript: a second one of the same name has a ' behind it.
    std::string name(const sim::World& world, sim::HostId host) const;
    void set_name(sim::HostId host, std::string name) { names_[host] = std::move(name); }
    // What every column of names is wide.
    std::size_t width = 1;

    // When a route, a catalog or a link last changed.
    base::Instant changed() const { return changed_; }
    std::uint64_t announces() const { return announces_; }
    std::uint64_t announced_bytes() const { return announced_bytes_; }
    // The machines that an envelope passed before it came to that one, as a-b-c.
    std::string next_router(const sim::World& world, sim::HostId host, gossip::LinkId link) const;
    std::string way_of(std::uint64_t envelope, sim::HostId host) const;
    sim::Checker& checker() { return checker_; }

    void on_turn(sim::World& world, sim::HostId host) override;
    void on_changed(sim::World& world, sim::HostId host, std::string_view machine) override;
    void on_envelope(sim::World& world, sim::HostId host, std::optional<sim::HostId> from,
                     const envelope::Frame& frame) override;
    void on_other_sent(sim::World& world, sim::HostId host, terminal::TerminalId terminal,
                       const envelope::Frame& frame) override;
    void on_report(sim::World& world, sim::HostId host, const base::Report& report) override;
    bool sniffing() const override { return true; }

private:
    void tell_messages();
    struct Seen {
        std::uint32_t life = 0;
        std::uint64_t version = 0;
        std::size_t waiting = 0;
        std::map<std::string, std::string> routes;    // by machine, in words
        std::map<std::string, std::string> services;  // by machine, in words
    };
    void tell_changes(const sim::World& world, sim::HostId host, std::string_view kind,
                      std::map<std::string, std::string>& before,
                      std::map<std::string, std::string> now);
    std::string peer(const sim::World& world, sim::HostId host, terminal::TerminalId id) const;

    std::vector<std::string> lines_;
    std::vector<std::string> messages_;  // of the turn that isn't over yet
    std::map<sim::HostId, std::string> names_;
    std::map<sim::HostId, Seen> seen_;
    std::map<std::pair<std::uint64_t, sim::HostId>, std::string> ways_;
    base::Instant changed_{};
    std::uint64_t announces_ = 0;
    std::uint64_t announced_bytes_ = 0;
    sim::Checker checker_{{}};
};

}  // namespace jetway::scenarios
