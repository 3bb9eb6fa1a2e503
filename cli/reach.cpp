#include "cli/reach.h"

#include <algorithm>

namespace jetway::cli {

bool Reach::has(const std::string& machine) const {
    return std::find(machines.begin(), machines.end(), machine) != machines.end();
}

const Way* Reach::way(const std::string& from, const std::string& to) const {
    const auto found = ways.find({from, to});
    return found == ways.end() ? nullptr : &found->second;
}

std::optional<NearestWay> Reach::nearest(const std::string& from,
                                         const std::string& service) const {
    std::optional<NearestWay> best;
    for (const std::string& machine : machines_with(service)) {
        if (machine == from) {
            return NearestWay{machine, {}};
        }
        const Way* found = way(from, machine);
        if (found != nullptr && (!best || found->cost < best->way.cost)) {
            best = NearestWay{machine, *found};
        }
    }
    return best;
}

std::vector<std::string> Reach::machines_with(const std::string& service) const {
    std::vector<std::string> found;
    for (const auto& [machine, names] : services) {
        if (names.contains(service)) {
            found.push_back(machine);
        }
    }
    return found;
}

std::set<std::string> Reach::service_names() const {
    std::set<std::string> names;
    for (const auto& [machine, own] : services) {
        names.insert(own.begin(), own.end());
    }
    return names;
}

std::vector<std::vector<std::string>> Reach::islands() const {
    std::vector<std::vector<std::string>> all;
    for (const std::string& machine : machines) {
        const auto home = std::find_if(all.begin(), all.end(), [&](const auto& island) {
            return std::all_of(island.begin(), island.end(), [&](const std::string& other) {
                return (way(machine, other) != nullptr || silent.contains(machine)) &&
                       (way(other, machine) != nullptr || silent.contains(other));
            });
        });
        if (home != all.end()) {
            home->push_back(machine);
        } else {
            all.push_back({machine});
        }
    }
    return all;
}

}  // namespace jetway::cli
