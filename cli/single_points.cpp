#include "cli/single_points.h"

#include <algorithm>

namespace jetway::cli {

namespace {

class SinglePointSearch {
public:
    SinglePointSearch(const sim::Topology& topology, const Reach& reach)
        : topology_(topology), reach_(reach), next_(topology.machines.size()) {
        for (std::size_t i = 0; i < topology.links.size(); ++i) {
            const sim::Link& link = topology.links[i];
            const std::string& a = topology.machines[link.a].name;
            const std::string& b = topology.machines[link.b].name;
            if (reach.way(a, b) != nullptr && reach.way(b, a) != nullptr) {
                next_[link.a].push_back({link.b, i});
                next_[link.b].push_back({link.a, i});
            }
        }
    }

    std::vector<SinglePoint> take() {
        std::vector<SinglePoint> found;
        for (sim::MachineId machine = 0; machine < next_.size(); ++machine) {
            std::vector<sim::MachineId> ends;
            for (const Step& step : next_[machine]) {
                ends.push_back(step.to);
            }
            add(found, {machine, 0, islands_of(ends, machine, std::nullopt)});
        }
        for (std::size_t i = 0; i < topology_.links.size(); ++i) {
            const sim::Link& link = topology_.links[i];
            // Of a mesh of two, or a leaf, the link matters as well: its ends no longer reach each
            // other.
            add(found, {std::nullopt, i, islands_of({link.a, link.b}, std::nullopt, i)});
        }
        return found;
    }

private:
    struct Step {
        sim::MachineId to;
        std::size_t link;
    };

    void add(std::vector<SinglePoint>& to, SinglePoint point) const {
        if (point.islands.size() > 1 && any_reached(point.islands)) {
            to.push_back(std::move(point));
        }
    }

    // Somebody of one group reaches somebody of another while all is up.
    bool any_reached(const std::vector<std::vector<sim::MachineId>>& islands) const {
        for (const auto& island : islands) {
            for (const sim::MachineId from : island) {
                for (const auto& other : islands) {
                    if (&other != &island && reaches(from, other)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
    bool reaches(sim::MachineId from, const std::vector<sim::MachineId>& island) const {
        return std::any_of(island.begin(), island.end(), [&](sim::MachineId to) {
            return reach_.way(topology_.machines[from].name, topology_.machines[to].name) !=
                   nullptr;
        });
    }

    // The groups that `ends`, which reach each other while all is up, fall into without one
    // machine or link.
    std::vector<std::vector<sim::MachineId>> islands_of(const std::vector<sim::MachineId>& ends,
                                                        std::optional<sim::MachineId> machine,
                                                        std::optional<std::size_t> link) const {
        std::vector<std::vector<sim::MachineId>> islands;
        std::vector<bool> seen(next_.size(), false);
        for (const sim::MachineId end : ends) {
            if (seen[end] || (link && !joins(*link))) {
                continue;
            }
            std::vector<sim::MachineId> island = {end};
            seen[end] = true;
            for (std::size_t i = 0; i < island.size(); ++i) {
                for (const Step& step : next_[island[i]]) {
                    if (!seen[step.to] && step.to != machine && step.link != link) {
                        seen[step.to] = true;
                        island.push_back(step.to);
                    }
                }
            }
            std::sort(island.begin(), island.end());
            islands.push_back(std::move(island));
        }
        std::sort(islands.begin(), islands.end(), [](const auto& one, const auto& other) {
            return one.size() != other.size() ? one.size() > other.size() : one < other;
        });
        return islands;
    }

    bool joins(std::size_t link) const {
        const auto& steps = next_[topology_.links[link].a];
        return std::any_of(steps.begin(), steps.end(),
                           [&](const Step& step) { return step.link == link; });
    }

    const sim::Topology& topology_;
    const Reach& reach_;
    std::vector<std::vector<Step>> next_;
};

}  // namespace

std::vector<SinglePoint> find_single_points(const sim::Topology& topology, const Reach& reach) {
    return SinglePointSearch(topology, reach).take();
}

}  // namespace jetway::cli
