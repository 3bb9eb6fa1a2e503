// What `plan` found, for a person.
#pragma once

#include <string>

#include "cli/plan_study.h"

namespace jetway::cli {

// `all`: every pair of machines, every change and every name; else a summary, what is unusual, and
// the first of long lists. A file of up to four machines is always shown whole.
std::string plan_text(const PlanStudy& study, bool all, bool colour);

}  // namespace jetway::cli
