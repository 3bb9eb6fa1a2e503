// Proof: one mesh under every failure of one, two or more of its links and machines at once, in
// many orders of what happens. It is a bounded check: it says what was looked at, and nothing of
// what wasn't.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "router/options.h"
#include "sim/topology.h"

namespace jetway::sim {

// A link or a machine of the topology.
struct Element {
    bool is_link = false;
    std::size_t index = 0;
};

class Proof {
public:
    // Sets of 1 to `failures` elements, each run `orders` times.
    Proof(Topology topology, router::Options options, std::size_t failures, std::size_t orders);

    std::size_t sets() const { return sets_.size(); }
    std::uint64_t runs() const { return sets_.size() * orders_; }

    struct Outcome {
        std::uint64_t number = 0;
        std::string failed;        // the elements, for people
        std::string violation;     // empty: none
        std::uint64_t states = 0;  // tables that were checked for loops
        std::uint64_t events = 0;
        base::Duration settled{};  // after the last of the failures; links that fall silent have to
                                   // be detected first
        std::vector<std::string> story;
    };
    // The mesh starts, settles, loses the elements, settles, gets them back, settles. The same
    // number gives the same run. `number` is below runs().
    Outcome run(std::uint64_t number, bool story) const;

    std::string name_of(const Element& element) const;

private:
    Topology topology_;
    router::Options options_;
    std::size_t orders_;
    std::vector<std::vector<Element>> sets_;
};

}  // namespace jetway::sim
