// Completion: what may come next on a line that somebody types.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envelope/json.h"

namespace jetway::console {

// The names of a mesh.
struct Names {
    std::vector<std::string> machines;
    std::vector<std::string> services;
};

// Those in the answer to `graph`, in its order, each once.
Names names_in(const envelope::Json& graph);

// What the last word of `line` (the text before the cursor; empty after a blank) may become: verbs
// where it is the first, else what the verb takes there. In order of names, each once.
std::vector<std::string> completions(std::string_view line, const Names& names);

// The longest beginning that all have; empty for none.
std::string common_beginning(const std::vector<std::string>& words);

}  // namespace jetway::console
