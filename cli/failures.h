// What --fail names: `link:A-B`, a link between two machines, or `machine:C`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/rehearsal.h"
#include "sim/topology.h"

namespace jetway::cli {

// Names may hold `-` themselves: `link:A-B` is split where two machines with a link stand on both
// sides. Error `usage` for what names no link or machine of the topology, with what was probably
// meant, and for what could be read in two ways. What is named twice fails once.
base::Result<Failures> parse_failures(const std::vector<std::string>& written,
                                      const sim::Topology& topology);

// "link:A-B": how --fail names the link; A is the side that stands first in the file.
std::string link_label(const sim::Topology& topology, std::size_t link);

}  // namespace jetway::cli
