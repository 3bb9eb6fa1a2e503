// What differs between two meshes: machines and services that come and go, and ways between what
// is in both.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/reach.h"

namespace jetway::cli {

// From a machine to another, or to the nearest machine that has a service.
struct WayChange {
    std::string from;
    std::string to;
    bool service = false;       // `to` is a service
    std::optional<Way> before;  // nothing: there was, or is, no way
    std::optional<Way> after;
};

struct ReachChanges {
    std::vector<std::string> machines_come;
    std::vector<std::string> machines_go;
    // (service, machine) on machines that are in both
    std::vector<std::pair<std::string, std::string>> services_come;
    std::vector<std::pair<std::string, std::string>> services_go;
    // In order of `from`, then machines before services. From a machine that did not say what it
    // reaches, nothing is compared.
    std::vector<WayChange> unreachable;
    std::vector<WayChange> reachable;  // those that were not
    std::vector<WayChange> longer;     // of a greater cost
    std::vector<WayChange> shorter;
    std::size_t rerouted = 0;  // by another neighbour, at the same cost

    // Nothing differs that anybody would notice.
    bool empty() const;
};

// To machines of both, and to services that were in `before`.
ReachChanges compare(const Reach& before, const Reach& after);

}  // namespace jetway::cli
