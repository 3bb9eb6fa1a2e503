// Report: something that happened, said by the core and written down by the shell: a log line
// `event key=value …`, a counter; in a simulator, evidence.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace jetway::base {

struct Report {
    enum class Level { debug, info, warning, error };

    Level level = Level::info;
    std::string event;  // a few words that stay the same, so that they can be searched for
    std::vector<std::pair<std::string, std::string>> fields;
};

}  // namespace jetway::base
