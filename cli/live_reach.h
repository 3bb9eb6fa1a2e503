// The mesh that runs, as its routers tell it.
#pragma once

#include <optional>

#include "cli/options.h"
#include "cli/reach.h"

namespace jetway::cli {

// Asks the router that the options name, and through it that of every machine it reaches, for its
// `graph`; each may take the options' timeout. Who does not answer is told on stderr, and `silent`.
// Nothing: no router was reached, a line says so, and `exit_code` is that of the reason.
std::optional<Reach> read_live_reach(const RouterOptions& options, int& exit_code);

}  // namespace jetway::cli
