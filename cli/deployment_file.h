// A deployment file as the verbs read it: checked, or every problem printed.
#pragma once

#include <optional>
#include <string>

#include "config/deployment.h"

namespace jetway::cli {

// Nothing: the reasons are on stderr, one line each, and `exit_code` is 3.
std::optional<config::Deployment> read_deployment(const std::string& file, int& exit_code);

}  // namespace jetway::cli
