// Texts of a deployment.yml, and what they are once they are read.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "config/deployment.h"

namespace jetway::config::testing {

// The deployment of a text that has no problem.
inline Deployment valid(std::string_view text) {
    Checked checked = parse_deployment(text);
    for (const Problem& problem : checked.problems) {
        FAIL_CHECK(format(problem, "deployment.yml"));
    }
    REQUIRE(checked.deployment);
    return std::move(*checked.deployment);
}

// The text of machine `b`, and of machine `a` with these lines in it; they start on line 4.
inline std::string text_of_a(const std::string& lines) {
    return "machines:\n  b:\n  a:\n" + lines;
}

}  // namespace jetway::config::testing
