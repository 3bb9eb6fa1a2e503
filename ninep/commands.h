// The lines that are written to `route/ctl`, `route/policy` and a service's `policy`, as control
// requests.
//
//     register SERVICE ADDRESS [weight=N] [version=V]      deregister SERVICE ADDRESS
//     policy SERVICE POLICY                                health SERVICE ADDRESS up|unhealthy
//     drain SERVICE|--all                                  undrain SERVICE|--all
//
// Blanks separate; empty lines and those that begin with # say nothing.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "router/control.h"

namespace jetway::ninep {

inline constexpr std::size_t most_commands = 1'024;  // of one write

// Error: EINVAL, with the line and what was expected; then none of them is to be done.
base::Result<std::vector<router::ControlRequest>> read_commands(std::string_view lines);

// Lines of `SERVICE POLICY`, as `route/policy` has them; with a service: of `POLICY` alone.
base::Result<std::vector<router::ControlRequest>> read_policies(std::string_view lines,
                                                                std::string_view service);

}  // namespace jetway::ninep
