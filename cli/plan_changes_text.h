// What differs between two meshes, for a person.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/reach_changes.h"

namespace jetway::cli {

struct ChangesStyle {
    std::size_t most = 6;  // names and rows of a list
    // failures: machines that go did so by --fail, and aren't told; live: services may attach
    // without being listed, so that those that the file lacks needn't go.
    enum class Of { failures, file, live } of = Of::file;
    bool colour = false;
};

// `after`: the mesh that the changes lead to.
std::string changes_text(const ReachChanges& changes, const Reach& after,
                         const ChangesStyle& style);

// "a, b, c and 4 more"; a list that exceeds `most` by one is whole.
std::string names_text(const std::vector<std::string>& names, std::size_t most);
// "a, b | c, d and 3 more"
std::string islands_text(const std::vector<std::vector<std::string>>& islands, std::size_t most);

}  // namespace jetway::cli
