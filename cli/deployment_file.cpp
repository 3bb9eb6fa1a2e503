#include "cli/deployment_file.h"

#include <cstdio>

#include "cli/report.h"
#include "config/yaml.h"
#include "console/text.h"
#include "io/file.h"

namespace jetway::cli {

std::optional<config::Deployment> read_deployment(const std::string& file, int& exit_code) {
    const base::Result<std::string> text = io::read_file(file, config::max_yaml_bytes);
    if (!text) {
        complain("cannot read the deployment: " + text.error().code + ": " + text.error().detail);
        exit_code = exit_invalid;
        return std::nullopt;
    }
    config::Checked checked = config::parse_deployment(*text);
    if (checked.deployment) {
        return std::move(checked.deployment);
    }
    for (const config::Problem& problem : checked.problems) {
        const std::string line = console::printable(config::format(problem, file)) + "\n";
        std::fwrite(line.data(), 1, line.size(), stderr);
    }
    exit_code = exit_invalid;
    return std::nullopt;
}

}  // namespace jetway::cli
