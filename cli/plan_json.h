// What `plan` found, for programs.
#pragma once

#include "cli/plan_study.h"
#include "envelope/json.h"

namespace jetway::cli {

// "schema": "jetway.plan/1"; everything, whatever the size of the mesh. Costs and hops are numbers,
// machines are named by `machineId`, links by `machineId`, `peer`, `cost` and `costBack`, the cost
// that the peer counts. `routes` has a row for every ordered pair; `islands` are groups of machines
// that reach one another. `fail` and `against` are null unless asked for; in both, `unreachable`,
// `reachable`, `longer` and `shorter` are ways to a `destination` or a `service`, with the way
// `before` and `after`, of which one may be null.
envelope::Json plan_json(const PlanStudy& study);

}  // namespace jetway::cli
