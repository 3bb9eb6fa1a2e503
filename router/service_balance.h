// ServiceBalance: what is remembered of a service whose policy isn't `nearest`: whose turn it is,
// and what is in flight. It belongs to the service and outlives the route table, as turns do.
//
// One choice is made among all instances of the mesh, at the router that binds; that names a
// machine. Another is made among that machine's own, by its router and the same policy.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "balance/chooser.h"
#include "terminal/terminal.h"

namespace jetway::router {

// Requests in flight, by where they went.
class Loads {
public:
    // `machine` or `terminal` may be empty: it isn't known, or of no interest.
    void add(const std::string& machine, terminal::TerminalId terminal);
    void remove(const std::string& machine, terminal::TerminalId terminal);
    std::uint64_t of(std::string_view machine) const;
    std::uint64_t of(terminal::TerminalId terminal) const;

private:
    std::map<std::string, std::uint64_t, std::less<>> machines_;
    std::map<terminal::TerminalId, std::uint64_t> terminals_;
};

struct ServiceBalance {
    ServiceBalance(const balance::Policy& policy, base::Random random)
        : among(policy, random), here(policy, random) {}

    balance::Chooser among;  // all instances
    balance::Chooser here;   // this machine's
    Loads loads;
};

// A choice that was made by reading alone: the next one's turn begins when it is acted upon.
struct Pick {
    balance::Chooser* chooser = nullptr;
    std::vector<balance::Candidate> among;
    std::size_t chosen = 0;
};
using Picks = std::vector<Pick>;

}  // namespace jetway::router
