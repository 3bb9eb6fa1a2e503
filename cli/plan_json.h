// What `plan` found, for programs.
#pragma once

#include "cli/plan_study.h"
#include "client/json.h"

namespace jetway::cli {

// "schema": "jetway.plan/1"; everything, whatever the size of the mesh. `fail` and `against` are
// null unless asked for.
client::Json plan_json(const PlanStudy& study);

}  // namespace jetway::cli
