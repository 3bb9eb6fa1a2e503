#include "cli/plan_mermaid.h"

#include <algorithm>

#include "console/graph_text.h"

namespace jetway::cli {

namespace {

class PlanPicture {
public:
    explicit PlanPicture(const PlanStudy& study) : study_(study), topology_(study.topology) {}

    std::string take() {
        std::string text =
            "flowchart LR\n"
            "    %% Red: a single point of failure. Dashed or crossed out: it failed.\n";
        for (sim::MachineId machine = 0; machine < topology_.machines.size(); ++machine) {
            text += node(machine);
        }
        for (std::size_t link = 0; link < topology_.links.size(); ++link) {
            text += edge(link);
        }
        for (const std::size_t link : single_links_) {
            text += "    linkStyle " + std::to_string(link) + " stroke:#c00\n";
        }
        return text +
               "    classDef single stroke:#c00,stroke-width:3px\n"
               "    classDef failed stroke-dasharray:4 4,color:#888\n";
    }

private:
    static bool listed(const auto& list, auto what) {
        return std::find(list.begin(), list.end(), what) != list.end();
    }
    bool is_single(std::optional<sim::MachineId> machine, std::size_t link) const {
        const auto& points = study_.single_points;
        return std::any_of(points.begin(), points.end(), [&](const SinglePoint& point) {
            return point.machine == machine && (machine || point.link == link);
        });
    }

    std::string node(sim::MachineId id) const {
        const sim::Machine& machine = topology_.machines[id];
        std::string label = console::mermaid_text(machine.name);
        for (const std::string& service : machine.services) {
            label += "<br/>" + console::mermaid_text(service);
        }
        return "    m" + std::to_string(id) + "[\"" + label + "\"]" +
               (listed(study_.failures.machines, id) ? ":::failed"
                : is_single(id, 0)                   ? ":::single"
                                                     : "") +
               "\n";
    }

    // Links go by the order in which they are drawn: linkStyle counts them so.
    std::string edge(std::size_t index) {
        const sim::Link& link = topology_.links[index];
        const bool failed = listed(study_.failures.links, index) ||
                            listed(study_.failures.machines, link.a) ||
                            listed(study_.failures.machines, link.b);
        const bool single = is_single(std::nullopt, index);
        if (single) {
            single_links_.push_back(index);
        }
        const std::string cost = link.cost_at_a == link.cost_at_b
                                     ? "cost " + std::to_string(link.cost_at_a)
                                     : "cost " + std::to_string(link.cost_at_a) + ", back " +
                                           std::to_string(link.cost_at_b);
        return "    m" + std::to_string(link.a) +
               (failed   ? " x--x|\""
                : single ? " ===|\""
                         : " ---|\"") +
               cost + "\"| m" + std::to_string(link.b) + "\n";
    }

    const PlanStudy& study_;
    const sim::Topology& topology_;
    std::vector<std::size_t> single_links_;
};

}  // namespace

std::string plan_mermaid(const PlanStudy& study) {
    return PlanPicture(study).take();
}

}  // namespace jetway::cli
