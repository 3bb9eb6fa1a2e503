// Faults: what goes wrong in a run, drawn from its seed, and made good again in the end.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/checker.h"
#include "sim/liar.h"
#include "sim/service.h"
#include "sim/world.h"

namespace jetway::sim {

enum class Fault : std::uint8_t {
    cut,        // a link is gone, and says so
    half_open,  // nothing gets through one way, or both, and nobody is told
    reset,      // a connection breaks, perhaps in the midst of a frame
    crash,      // a machine goes down, with or without a word; it comes back, at times with a clock
                // that went back
    pause,      // nothing runs on a machine for a while, then everything at once
    partition,  // a cut through the whole mesh
    slow,       // a service reads nothing for a while
    flap,       // a service comes and goes
    twin,       // a second machine of the same name
    corrupt,    // bits change under way
    liar,       // a neighbour announces rubbish
};
inline constexpr std::array<std::string_view, 11> fault_names = {
    "cut",  "half-open", "reset", "crash",   "pause", "partition",
    "slow", "flap",      "twin",  "corrupt", "liar"};

class Faults {
public:
    Faults(World& world, Checker& checker, std::vector<std::unique_ptr<Service>>& services,
           std::uint64_t seed)
        : world_(world), checker_(checker), services_(services), random_(seed) {}

    // Lets `fault` happen somewhere, now, and end after a while, before `until`.
    void inject(Fault fault, base::Instant until);
    // Ends whatever has not ended.
    void end_all();

    // The mesh may take that long to doubt a false duplicate and believe a catalog again.
    bool needs_long_quiet() const { return long_quiet_; }
    std::uint64_t happened(Fault fault) const { return happened_[static_cast<std::size_t>(fault)]; }

private:
    void end_after(base::Instant until, std::function<void()> end);
    void crash(base::Instant until);
    void partition(base::Instant until);
    void twin(base::Instant until);
    void liar(base::Instant until);
    std::size_t any_link() { return random_.below(world_.topology().links.size()); }
    HostId any_host() { return static_cast<HostId>(random_.below(world_.hosts())); }

    World& world_;
    Checker& checker_;
    std::vector<std::unique_ptr<Service>>& services_;
    base::Random random_;
    std::vector<std::unique_ptr<Liar>> liars_;
    std::vector<HostId> twins_;
    std::uint64_t incarnation_ = 1'000'000;
    bool long_quiet_ = false;
    std::array<std::uint64_t, fault_names.size()> happened_{};
};

}  // namespace jetway::sim
