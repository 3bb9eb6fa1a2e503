// Checker: what must be true of a simulated mesh.
//
// After every turn of every router: following the selected routes for any machine never comes back
// to where it was; no envelope is unaccounted for; no queue and no table is beyond its bound; no
// envelope passes a router twice unless it was bound anew, or a router on its way had changed it;
// none goes to an instance that its first router knew to be dead.
// Once faults have ended, and some time has passed: every machine that can be reached has a route
// of the least cost, nothing else has one, and every catalog is its origin's newest.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/choices.h"
#include "sim/world.h"

namespace jetway::sim {

class Checker final : public Observer {
public:
    struct Options {
        bool loops = true;  // not where announcements are changed under way: then none of it holds
                            // for a while
        bool envelopes = true;  // look into what is sent
        bool story = false;     // keep the lines
        // Read all routes of a router that changed one, and see that it said so of each. Else only
        // those that it said: in a thousand tables of a thousand machines, reading is most of the
        // work.
        bool thorough = true;
    };
    explicit Checker(Options options) : options_(options) {}

    // What was wrong first, and when; empty while nothing was.
    const std::string& violation() const { return violation_; }
    // What isn't as it must be once all is quiet; empty: nothing.
    std::string unsettled(const World& world);

    // When a router last selected another route, or none.
    base::Instant last_change() const { return last_change_; }

    // Turns at which routes were followed, and routes that were.
    std::uint64_t states() const { return states_; }
    std::uint64_t routes_followed() const { return followed_; }
    // Envelopes whose choice of an instance was checked.
    std::uint64_t choices() const { return choices_.checked(); }
    const std::vector<std::string>& lines() const { return lines_; }
    // Machines whose name is borne twice, or that only a liar speaks of: nothing is expected of
    // routes to them.
    void expect_nothing_of(const std::string& machine) { ignored_.insert(machine); }
    void expect_again(const std::string& machine) { ignored_.erase(machine); }

    void on_turn(World& world, HostId host) override;
    void on_changed(World& world, HostId host, std::string_view machine) override;
    void on_envelope(World& world, HostId host, std::optional<HostId> from,
                     const envelope::Frame& frame) override;
    void on_sent(World& world, HostId host, TerminalId terminal,
                 const envelope::Frame& frame) override;
    void on_story(World& world, const std::string& line) override;
    bool tracing() const override { return options_.story; }
    bool sniffing() const override { return options_.envelopes; }

private:
    std::string unsettled_sessions(const World& world, HostId host);
    struct Ways {
        std::uint64_t version = 0;
        std::uint32_t life = 0;
        std::vector<TerminalId> next;        // by machine number; 0: none
        std::vector<std::uint32_t> changes;  // how often that was another
        std::set<std::uint32_t> said;        // by the router, to be changed in this turn
        std::vector<std::uint32_t> order;  // the numbers in the order in which they were last read
    };
    std::uint32_t number_of_machine(std::string_view name);
    void read_routes(const World& world, HostId host);
    void read_changed(const World& world, HostId host);
    void step_to(const World& world, HostId host, std::uint32_t machine);
    void follow(const World& world, HostId from, std::uint32_t machine);
    void check_bounds(const World& world, HostId host);
    void violate(const World& world, const std::string& what);

    Options options_;
    std::string violation_;
    std::map<std::string, std::uint32_t, std::less<>> numbers_;
    std::vector<std::string> names_;
    std::vector<Ways> ways_;
    std::set<std::string, std::less<>> ignored_;
    struct Passed {
        std::string pin;
        bool rebound = false;
        HostId origin = 0;
        std::map<HostId, std::uint32_t> came;  // how often to each
        std::map<std::pair<HostId, HostId>, std::uint32_t> sent;
        // And each one's life, and how often its way had changed, at that time.
        std::map<HostId, std::pair<std::uint32_t, std::uint32_t>> routers;
    };
    std::map<std::uint64_t, Passed> passed_;
    Choices choices_;
    std::vector<std::string> lines_;
    base::Instant last_change_ = base::Instant::min();
    std::uint64_t states_ = 0;
    std::uint64_t followed_ = 0;
};

// For each host, the least cost to every host over what is up; envelope::infinity where there is no
// way.
std::vector<std::uint32_t> least_costs(const World& world, HostId from);

}  // namespace jetway::sim
