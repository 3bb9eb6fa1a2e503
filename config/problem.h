// Problem: one thing that is wrong in a deployment file, and where. Problems collects them, so that
// a file is read to its end and its author is told all of them at once, in the order of their
// lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/quoted.h"

namespace jetway::config {

// A position in the text; both count from 1.
struct Place {
    int line = 1;
    int column = 1;

    friend bool operator==(const Place&, const Place&) = default;
};

// What is wrong: the text says what was expected, and the near miss where there is one.
struct Problem {
    int line = 1;
    int column = 1;
    std::string text;

    friend bool operator==(const Problem&, const Problem&) = default;
};

// "deployment.yml:12:7: unknown key `hops_limt`: did you mean `hop_limit`?"
std::string format(const Problem& problem, std::string_view file);

using base::quoted;

class Problems {
public:
    // More than these are counted, not kept.
    static constexpr std::size_t max_kept = 1'000;

    void add(Place at, std::string text);
    bool empty() const { return kept_.empty(); }

    // True when what is added now will not be kept: looking for near misses is then in vain.
    bool full() const { return kept_.size() >= max_kept; }

    // In line order, each once; the last one says how many were not kept.
    std::vector<Problem> take();

private:
    std::vector<Problem> kept_;
    std::size_t dropped_ = 0;
};

}  // namespace jetway::config
