// What routers of a scenario know of machines, as the lines of a table.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"
#include "tests/scenarios/narrator.h"

namespace jetway::scenarios {

std::vector<std::string> route_lines(const sim::World& world, const Narrator& narrator,
                                     const std::vector<sim::HostId>& hosts);

}  // namespace jetway::scenarios
