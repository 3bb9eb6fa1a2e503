#include "cli/reach_changes.h"

namespace jetway::cli {

namespace {

class Comparison {
public:
    Comparison(const Reach& before, const Reach& after) : before_(before), after_(after) {}

    ReachChanges take() {
        compare_machines();
        for (const std::string& from : after_.machines) {
            if (!before_.has(from) || before_.silent.contains(from) ||
                after_.silent.contains(from)) {
                continue;
            }
            for (const std::string& to : after_.machines) {
                if (from != to && before_.has(to)) {
                    add({from, to, false, copy(before_.way(from, to)), copy(after_.way(from, to))});
                }
            }
            for (const std::string& service : before_.service_names()) {
                add({from, service, true, nearest_way(before_, from, service),
                     nearest_way(after_, from, service)});
            }
        }
        return std::move(changes_);
    }

private:
    static std::optional<Way> copy(const Way* way) {
        return way == nullptr ? std::nullopt : std::optional(*way);
    }
    static std::optional<Way> nearest_way(const Reach& reach, const std::string& from,
                                          const std::string& service) {
        const auto nearest = reach.nearest(from, service);
        return nearest ? std::optional(nearest->way) : std::nullopt;
    }

    void compare_machines() {
        for (const std::string& machine : before_.machines) {
            if (!after_.has(machine)) {
                changes_.machines_go.push_back(machine);
            } else {
                list_missing(machine, before_, after_, changes_.services_go);
            }
        }
        for (const std::string& machine : after_.machines) {
            if (!before_.has(machine)) {
                changes_.machines_come.push_back(machine);
            } else {
                list_missing(machine, after_, before_, changes_.services_come);
            }
        }
    }

    // The services of the machine that `has` them and `lacks` does not.
    static void list_missing(const std::string& machine, const Reach& has, const Reach& lacks,
                             std::vector<std::pair<std::string, std::string>>& to) {
        const auto own = has.services.find(machine);
        const auto other = lacks.services.find(machine);
        if (own == has.services.end()) {
            return;
        }
        for (const std::string& service : own->second) {
            if (other == lacks.services.end() || !other->second.contains(service)) {
                to.emplace_back(service, machine);
            }
        }
    }

    void add(WayChange change) {
        const auto& [before, after] = std::pair(change.before, change.after);
        if (before && !after) {
            changes_.unreachable.push_back(std::move(change));
        } else if (!before && after) {
            changes_.reachable.push_back(std::move(change));
        } else if (before && after && before->cost < after->cost) {
            changes_.longer.push_back(std::move(change));
        } else if (before && after && before->cost > after->cost) {
            changes_.shorter.push_back(std::move(change));
        } else if (before && after && before->neighbour != after->neighbour && !change.service) {
            ++changes_.rerouted;
        }
    }

    const Reach& before_;
    const Reach& after_;
    ReachChanges changes_;
};

}  // namespace

bool ReachChanges::empty() const {
    return machines_come.empty() && machines_go.empty() && services_come.empty() &&
           services_go.empty() && unreachable.empty() && reachable.empty() && longer.empty() &&
           shorter.empty() && rerouted == 0;
}

ReachChanges compare(const Reach& before, const Reach& after) {
    return Comparison(before, after).take();
}

}  // namespace jetway::cli
