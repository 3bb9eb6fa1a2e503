// Rehearsal: a deployment run in the simulator by the very routers that would run it, until their
// routes have settled; links and machines of it may then fail.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/reach.h"
#include "config/deployment.h"
#include "sim/checker.h"
#include "sim/world.h"

namespace jetway::cli {

// What fails at once: indices of the topology of cli/simulated.h.
struct Failures {
    std::vector<std::size_t> links;
    std::vector<sim::MachineId> machines;

    bool empty() const { return links.empty() && machines.empty(); }
};

class Rehearsal {
public:
    // The same deployment always takes the same course.
    explicit Rehearsal(const config::Deployment& deployment);

    // What every machine that runs reaches, once that has settled. Error `unsettled` when it has
    // not within two minutes of simulated time and what the file's gossip settings add to that:
    // the limits of the file may forbid it.
    base::Result<Reach> settle();

    // Cuts these links and ends these machines' routers without a word, all at the same time.
    void fail(const Failures& failures);

    // From the last event, or the start, to the last change of a route.
    base::Duration took() const { return took_; }
    const sim::Topology& topology() const { return world_.topology(); }

private:
    Reach read() const;

    base::Duration patience_;
    sim::Checker checker_;
    sim::World world_;
    base::Instant since_;
    base::Duration took_{};
};

}  // namespace jetway::cli
