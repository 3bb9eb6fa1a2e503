#include "cli/failures.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "base/near_miss.h"
#include "cli/plan_changes_text.h"

namespace jetway::cli {

namespace {

constexpr std::string_view link_prefix = "link:";
constexpr std::string_view machine_prefix = "machine:";

std::optional<sim::MachineId> machine_named(const sim::Topology& topology, std::string_view name) {
    const auto found =
        std::find_if(topology.machines.begin(), topology.machines.end(),
                     [&](const sim::Machine& machine) { return machine.name == name; });
    if (found == topology.machines.end()) {
        return std::nullopt;
    }
    return static_cast<sim::MachineId>(found - topology.machines.begin());
}

std::string near_machine(const sim::Topology& topology, std::string_view name) {
    std::vector<std::string_view> names;
    for (const sim::Machine& machine : topology.machines) {
        names.emplace_back(machine.name);
    }
    return base::suggestion(name, names);
}

// The links of the topology as someone might write them: either side first.
std::string near_link(const sim::Topology& topology, std::string_view written) {
    std::vector<std::string> names;
    for (const sim::Link& link : topology.links) {
        const std::string& a = topology.machines[link.a].name;
        const std::string& b = topology.machines[link.b].name;
        names.push_back(a + "-" + b);
        names.push_back(b + "-" + a);
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto meant = base::near_miss(written, views);
    return meant ? ": did you mean `link:" + *meant + "`?" : "";
}

// Two machines without a link between them, and to whom the first has one.
std::string no_link(const sim::Topology& topology, sim::MachineId a, sim::MachineId b) {
    std::set<std::string> neighbours;
    for (const sim::Link& link : topology.links) {
        if (link.a == a || link.b == a) {
            neighbours.insert("`" + topology.machines[link.other(a)].name + "`");
        }
    }
    const std::string& name = topology.machines[a].name;
    return "`" + name + "` and `" + topology.machines[b].name + "` have no link" +
           (neighbours.empty() ? ""
                               : ": `" + name + "` has one to " +
                                     names_text({neighbours.begin(), neighbours.end()}, 8));
}

base::Error usage_error(std::string detail) {
    return {"usage", std::move(detail)};
}

base::Result<std::size_t> parse_link(const sim::Topology& topology, const std::string& written) {
    const std::string_view text = std::string_view(written).substr(link_prefix.size());
    std::vector<std::size_t> links;
    std::string machines_without;  // both sides are machines, but there is no link
    for (std::size_t at = text.find('-'); at != text.npos; at = text.find('-', at + 1)) {
        const auto a = machine_named(topology, text.substr(0, at));
        const auto b = machine_named(topology, text.substr(at + 1));
        if (!a || !b) {
            continue;
        }
        const std::size_t link = topology.link_between(*a, *b);
        if (link < topology.links.size()) {
            links.push_back(link);
        } else {
            machines_without = no_link(topology, *a, *b);
        }
    }
    if (links.size() == 1) {
        return links.front();
    }
    if (links.size() > 1) {
        std::string named;
        for (const std::size_t link : links) {
            named += (named.empty() ? "" : "; ") +
                     ("`" + topology.machines[topology.links[link].a].name + "` and `" +
                      topology.machines[topology.links[link].b].name + "`");
        }
        return usage_error("`" + written + "` can't be told apart: it is the link between " +
                           named);
    }
    return usage_error(
        "`" + written + "`: " +
        (machines_without.empty() ? "no such link" + near_link(topology, text) : machines_without));
}

template <typename Index>
void add_once(std::vector<Index>& to, Index index) {
    if (std::find(to.begin(), to.end(), index) == to.end()) {
        to.push_back(index);
    }
}

}  // namespace

base::Result<Failures> parse_failures(const std::vector<std::string>& written,
                                      const sim::Topology& topology) {
    Failures failures;
    for (const std::string& one : written) {
        if (one.starts_with(link_prefix)) {
            const base::Result<std::size_t> link = parse_link(topology, one);
            if (!link) {
                return link.error();
            }
            add_once(failures.links, *link);
        } else if (one.starts_with(machine_prefix)) {
            const std::string name = one.substr(machine_prefix.size());
            const auto machine = machine_named(topology, name);
            if (!machine) {
                return usage_error("`" + one + "`: no such machine" + near_machine(topology, name));
            }
            add_once(failures.machines, *machine);
        } else {
            return usage_error("`" + one +
                               "` names nothing that fails: write link:A-B or "
                               "machine:C");
        }
    }
    return failures;
}

std::string link_label(const sim::Topology& topology, std::size_t link) {
    const sim::Link& which = topology.links[link];
    const auto [first, second] = std::minmax(which.a, which.b);
    return std::string(link_prefix) + topology.machines[first].name + "-" +
           topology.machines[second].name;
}

}  // namespace jetway::cli
