// Doctor: what is wrong in a mesh, in plain words and worst first, read off what its routers say of
// themselves. It guesses nothing: every finding names what was said, and the command that shows
// more.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "envelope/json.h"

namespace jetway::console {

// What one machine's router answered; null for what it didn't.
struct Chart {
    std::string machine;
    bool reachable = true;
    envelope::Json status;
    envelope::Json neighbours;
    envelope::Json services;
    envelope::Json terminals;
    envelope::Json refusals;
    envelope::Json events;
};

struct Finding {
    enum class Severity { error, warning, note };

    Severity severity = Severity::error;
    std::string machine;  // where it shows
    std::string what;     // a sentence or two, without a full stop
    std::string look;     // a command
};

// What happened longer ago is over.
inline constexpr std::uint64_t recent_ms = 300'000;

// The worst first; of the same kind by machine.
std::vector<Finding> examine(const std::vector<Chart>& charts);

std::string doctor_text(const std::vector<Finding>& findings, std::size_t machines, bool colour);
envelope::Json doctor_json(const std::vector<Finding>& findings, const std::vector<Chart>& charts);

}  // namespace jetway::console
