// The services of a machine, as the file has them: a name, or a map with more.
#pragma once

#include <vector>

#include "config/problem.h"
#include "config/yaml.h"
#include "router/options.h"

namespace jetway::config {

// Of the list at `services:`; those with problems are left out.
std::vector<router::ConfiguredService> read_services(const YamlNode& list, Problems& problems);

}  // namespace jetway::config
