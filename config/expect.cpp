#include "config/expect.h"

#include <algorithm>
#include <array>
#include <queue>

#include "base/near_miss.h"
#include "config/deployment.h"
#include "config/section.h"
#include "envelope/address.h"

namespace jetway::config {
namespace {

constexpr std::uint64_t most_hops = 255;
constexpr std::uint64_t most_cost = 65'534;
constexpr std::array<std::string_view, 2> survivals = {"any-one-link", "any-one-machine"};

struct Reached {
    std::uint64_t cost = 0;
    std::uint64_t hops = 0;

    auto operator<=>(const Reached&) const = default;
};

// The machines and links of a deployment, of which one may be missing.
class Graph {
public:
    explicit Graph(const Deployment& deployment)
        : machines_(deployment.machines), ways_(machines_.size()) {
        for (std::size_t here = 0; here < machines_.size(); ++here) {
            for (const LinkConfig& link : machines_[here].links) {
                const std::size_t there = index_of(link.peer);
                add(here, there, link.cost);
                const auto& back = machines_[there].links;
                if (std::none_of(back.begin(), back.end(), [&](const LinkConfig& other) {
                        return other.peer == machines_[here].name;
                    })) {
                    add(there, here, 1);  // it knows the link only when the other has dialled
                }
            }
        }
    }

    std::size_t size() const { return machines_.size(); }
    const std::string& name(std::size_t machine) const { return machines_[machine].name; }

    std::size_t index_of(std::string_view name) const {
        std::size_t index = 0;
        while (index < machines_.size() && machines_[index].name != name) {
            ++index;
        }
        return index;
    }

    bool has(std::size_t machine, const envelope::Address& to) const {
        const auto& services = machines_[machine].router.services;
        return (to.machine.empty() || to.machine == machines_[machine].name) &&
               std::any_of(services.begin(), services.end(),
                           [&](const router::ConfiguredService& service) {
                               return service.name == to.service;
                           });
    }

    // Each pair of machines that a link joins, once.
    std::vector<std::pair<std::size_t, std::size_t>> links() const {
        std::vector<std::pair<std::size_t, std::size_t>> all;
        for (std::size_t a = 0; a < ways_.size(); ++a) {
            for (const Way& way : ways_[a]) {
                if (a < way.to) {
                    all.emplace_back(a, way.to);
                }
            }
        }
        return all;
    }

    void leave_out_link(std::pair<std::size_t, std::size_t> link) { link_ = link; }
    void leave_out_machine(std::size_t machine) { machine_ = machine; }

    // The nearest machine that has `to`.
    std::optional<Reached> nearest(std::size_t from, const envelope::Address& to) const {
        std::vector<std::optional<Reached>> best(size());
        using Step = std::pair<Reached, std::size_t>;
        std::priority_queue<Step, std::vector<Step>, std::greater<>> queue;
        queue.push({{}, from});
        best[from] = Reached{};
        while (!queue.empty()) {
            const auto [reached, at] = queue.top();
            queue.pop();
            if (reached > *best[at]) {
                continue;
            }
            if (has(at, to)) {
                return reached;
            }
            for (const Way& way : ways_[at]) {
                const Reached next{reached.cost + way.cost, reached.hops + 1};
                if (!left_out(at, way.to) && (!best[way.to] || next < *best[way.to])) {
                    best[way.to] = next;
                    queue.push({next, way.to});
                }
            }
        }
        return std::nullopt;
    }

private:
    struct Way {
        std::size_t to;
        std::uint64_t cost;
    };

    void add(std::size_t from, std::size_t to, std::uint64_t cost) {
        ways_[from].push_back({to, cost});
    }

    bool left_out(std::size_t from, std::size_t to) const {
        return (machine_ && (from == *machine_ || to == *machine_)) ||
               (link_ && std::minmax(from, to) == std::minmax(link_->first, link_->second));
    }

    const std::vector<MachineConfig>& machines_;
    std::vector<std::vector<Way>> ways_;
    std::optional<std::pair<std::size_t, std::size_t>> link_;
    std::optional<std::size_t> machine_;
};

std::string count(std::uint64_t number, const char* noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

// What is wrong with the way from one machine in this graph; empty: nothing.
std::string wrong(const Graph& graph, const Expectation& expectation, std::size_t from) {
    const std::optional<Reached> reached =
        graph.nearest(from, envelope::split_address(expectation.to));
    const std::string start = quoted(graph.name(from)) + " ";
    if (!reached) {
        return start + "doesn't reach " + quoted(expectation.to);
    }
    if (expectation.max_hops && reached->hops > *expectation.max_hops) {
        return start + "reaches " + quoted(expectation.to) + " in " + count(reached->hops, "hop") +
               ", expected at most " + std::to_string(*expectation.max_hops);
    }
    if (expectation.max_cost && reached->cost > *expectation.max_cost) {
        return start + "reaches " + quoted(expectation.to) + " at cost " +
               std::to_string(reached->cost) + ", expected at most " +
               std::to_string(*expectation.max_cost);
    }
    return {};
}

// The same for whatever has to be survived.
std::string wrong_from(Graph graph, const Expectation& expectation, std::size_t from) {
    std::string found = wrong(graph, expectation, from);
    if (!found.empty() || expectation.survive == Expectation::Survive::nothing) {
        return found;
    }
    if (expectation.survive == Expectation::Survive::any_one_link) {
        for (const auto& link : graph.links()) {
            graph.leave_out_link(link);
            found = wrong(graph, expectation, from);
            if (!found.empty()) {
                return "without the link " + graph.name(link.first) + "-" +
                       graph.name(link.second) + " " + found;
            }
        }
        return {};
    }
    for (std::size_t machine = 0; machine < graph.size(); ++machine) {
        if (machine != from) {
            graph.leave_out_machine(machine);
            found = wrong(graph, expectation, from);
            if (!found.empty()) {
                return "without the machine " + graph.name(machine) + " " + found;
            }
        }
    }
    return {};
}

Expectation read_expectation(const YamlNode& node, Problems& problems) {
    Expectation expectation;
    expectation.place = node.place;
    const Section section(
        node, "an expectation: a map like {from: machine-a, to: gpu-server, max_hops: 2}",
        problems);
    if (!section.is_map()) {
        return expectation;
    }
    section.check_keys(
        {.known = {"from", "to", "max_hops", "max_cost", "survive"}, .later = {}, .elsewhere = {}});
    expectation.from = section.read_text("from", "the name of a machine").value_or("");
    expectation.to = section.read_text("to", "service or service@machine").value_or("");
    if (section.find("to") == nullptr) {
        problems.add(node.place, "an expectation needs `to`: service or service@machine");
    } else if (!expectation.to.empty() && (!envelope::valid_address(expectation.to) ||
                                           envelope::split_address(expectation.to).everywhere())) {
        problems.add(section.place_of("to"),
                     "to: expected service or service@machine, not " + quoted(expectation.to));
        expectation.to.clear();
    }
    expectation.max_hops = section.read_count("max_hops", {0, most_hops});
    expectation.max_cost = section.read_count("max_cost", {0, most_cost});
    if (const auto survive = section.read_text("survive", "any-one-link or any-one-machine")) {
        if (*survive == survivals[0]) {
            expectation.survive = Expectation::Survive::any_one_link;
        } else if (*survive == survivals[1]) {
            expectation.survive = Expectation::Survive::any_one_machine;
        } else {
            problems.add(section.place_of("survive"),
                         "survive: expected any-one-link or any-one-machine, not " +
                             quoted(*survive) +
                             base::suggestion(*survive, {survivals.begin(), survivals.end()}));
        }
    }
    return expectation;
}

}  // namespace

std::vector<Expectation> read_expectations(const YamlNode& node, Problems& problems) {
    std::vector<Expectation> expectations;
    for (const YamlNode& item : list_of(node, "a list of expectations", problems)) {
        Expectation expectation = read_expectation(item, problems);
        if (!expectation.to.empty()) {
            expectations.push_back(std::move(expectation));
        }
    }
    return expectations;
}

std::optional<std::string> broken(const Expectation& expectation, const Deployment& deployment) {
    const Graph graph(deployment);
    const auto names = [&](const auto& of) {
        std::vector<std::string_view> all;
        for (const MachineConfig& machine : deployment.machines) {
            of(machine, all);
        }
        return all;
    };
    if (!expectation.from.empty() && graph.index_of(expectation.from) == graph.size()) {
        return quoted(expectation.from) + " is no machine of this file" +
               base::suggestion(expectation.from,
                                names([](const MachineConfig& machine, auto& all) {
                                    all.push_back(machine.name);
                                }));
    }
    const envelope::Address to = envelope::split_address(expectation.to);
    bool given = false;
    for (std::size_t machine = 0; machine < graph.size(); ++machine) {
        given = given || graph.has(machine, to);
    }
    if (!given) {
        return "no machine of this file has the service " + quoted(expectation.to) +
               base::suggestion(
                   to.service, names([](const MachineConfig& machine, auto& all) {
                       for (const router::ConfiguredService& service : machine.router.services) {
                           all.push_back(service.name);
                       }
                   }));
    }
    for (std::size_t from = 0; from < graph.size(); ++from) {
        if (expectation.from.empty() || graph.name(from) == expectation.from) {
            std::string found = wrong_from(graph, expectation, from);
            if (!found.empty()) {
                return found;
            }
        }
    }
    return std::nullopt;
}

}  // namespace jetway::config
