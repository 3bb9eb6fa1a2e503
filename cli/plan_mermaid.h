// What `plan` found, as a picture of the file's links.
#pragma once

#include <string>

#include "cli/plan_study.h"

namespace jetway::cli {

// For a ```mermaid block: machines with their services, links with their cost. What failed is
// dashed or crossed out, single points of failure are marked, their links thick.
std::string plan_mermaid(const PlanStudy& study);

}  // namespace jetway::cli
