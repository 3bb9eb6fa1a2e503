// Findings: what is valid in a deployment file, and yet looks like a slip.
#pragma once

#include <string>
#include <vector>

#include "cli/reach.h"
#include "config/deployment.h"

namespace jetway::cli {

// A network terminal of one machine that leads to another, which names no terminal back: the link
// works, and that side counts it at cost 1.
struct OneSided {
    std::string machine;
    std::string terminal;
    std::string peer;
};

// Two listeners of which the second can't start. On two machines: the same address and port, unless
// it is a wildcard or loopback address, which is another on each. On one machine: the same port, of
// which one listens on a wildcard address; twice the very same address is invalid already.
struct Clash {
    std::string machine;
    std::string listener;  // "listen 10.0.0.1:9001", "local terminal debug 0.0.0.0:9001"
    std::string other_machine;
    std::string other_listener;
};

// A network terminal by which its machine sends nothing: other ways to every machine cost less.
struct Unused {
    std::string machine;
    std::string terminal;
    std::string peer;
};

struct PlanFindings {
    std::vector<OneSided> one_sided;
    std::vector<Clash> clashes;
    std::vector<Unused> unused;
};

PlanFindings find_slips(const config::Deployment& deployment, const Reach& reach);

}  // namespace jetway::cli
