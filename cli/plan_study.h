// PlanStudy: all that `plan` finds out of a deployment, for its text, its JSON and its picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/plan_findings.h"
#include "cli/reach.h"
#include "cli/reach_changes.h"
#include "cli/rehearsal.h"
#include "cli/single_points.h"
#include "config/deployment.h"

namespace jetway::cli {

struct PlanStudy {
    std::string file;
    sim::Topology topology;
    Reach reach;            // while all is up
    base::Duration took{};  // simulated, from the start to the last change of a route
    std::vector<SinglePoint> single_points;
    PlanFindings findings;

    Failures failures;
    std::optional<Reach> without;  // with the failures
    ReachChanges failed;           // from `reach` to `without`
    base::Duration failed_took{};

    std::string against;  // a file; empty: nothing was compared, or `live`
    bool live = false;    // compared with the mesh that runs
    std::optional<Reach> old;
    ReachChanges changed;  // from `old` to `reach`

    // A machine or service could be reached and no longer can, by the failures or against the old
    // mesh. Machines that --fail names don't count, machines that the new file lacks do.
    bool loses() const;
};

// Runs the deployment, then lets the failures happen. Error `unsettled` as Rehearsal has it.
base::Result<PlanStudy> study_plan(std::string file, const config::Deployment& deployment,
                                   const Failures& failures);

// Compares with an older file.
void study_against(PlanStudy& study, std::string file, Reach old);

// Compares with the mesh that runs. A service that is attached there stays on its machine, since no
// file needs to list it: `services_go` has those that this one doesn't.
void study_against_live(PlanStudy& study, Reach live);

}  // namespace jetway::cli
