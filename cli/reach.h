// Reach: which machine reaches which, by which neighbour, at which cost. Of a rehearsed deployment
// or of the mesh that runs: `plan` compares the two.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace jetway::cli {

// A selected route: the first neighbour on it, the links it takes, and what they cost together.
struct Way {
    std::string neighbour;
    std::uint32_t hops = 0;
    std::uint32_t cost = 0;

    friend bool operator==(const Way&, const Way&) = default;
};

// The way to the nearest machine that has a service; of several, the first by name.
struct NearestWay {
    std::string machine;
    Way way;  // no neighbour and 0 hops: the machine has the service itself
};

struct Reach {
    std::vector<std::string> machines;                        // those that run; the file's order
    std::map<std::string, std::set<std::string>> services;    // by machine
    std::map<std::pair<std::string, std::string>, Way> ways;  // (from, to)
    std::set<std::string> silent;  // machines that did not say what they reach

    bool has(const std::string& machine) const;
    // Null: `from` has no route to `to`.
    const Way* way(const std::string& from, const std::string& to) const;
    // Nothing: no machine that `from` reaches has the service, nor has `from` itself.
    std::optional<NearestWay> nearest(const std::string& from, const std::string& service) const;
    // The machines that have it, in order of name.
    std::vector<std::string> machines_with(const std::string& service) const;
    std::set<std::string> service_names() const;
    // The machines in groups, in each of which there are ways between all; one group: all is well.
    std::vector<std::vector<std::string>> islands() const;
};

}  // namespace jetway::cli
