// Qids: what the qids of mounted files are to clients: derived of a service and a path below it, so
// that they are the same whichever instance a file is at, and never two files' at once. A file that
// an instance has put in the place of another gets a fresh one, as long as the other is remembered:
// the `most` that were met last.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ninep/message.h"

namespace jetway::ninep {

class Qids {
public:
    explicit Qids(std::size_t most = 65'536) : most_(most) {}

    // Of a service's root.
    Qid root(std::string_view service) const;
    // Of the first `depth` names of a path; `theirs` is what the instance of that id says.
    Qid of(std::string_view service, const std::vector<std::string>& path, std::size_t depth,
           std::uint64_t instance, const Qid& theirs);

    std::size_t remembered() const { return met_.size(); }

private:
    struct Met {
        std::uint64_t instance = 0;
        std::uint64_t path = 0;  // the instance's
        std::uint64_t generation = 0;
    };

    std::size_t most_;
    std::uint64_t generations_ = 0;
    std::unordered_map<std::uint64_t, Met> met_;
    std::deque<std::uint64_t> order_;
};

}  // namespace jetway::ninep
