#include "cli/plan_text.h"

#include <algorithm>
#include <map>

#include "cli/failures.h"
#include "cli/plan_changes_text.h"
#include "console/format.h"
#include "console/table.h"
#include "console/text.h"

namespace jetway::cli {

namespace {

constexpr std::size_t few_machines = 4;    // all pairs of them are shown
constexpr std::size_t most_machines = 24;  // a line each

std::string services_of(const Reach& reach, const std::string& machine, std::size_t most) {
    const auto found = reach.services.find(machine);
    if (found == reach.services.end()) {
        return {};
    }
    return names_text({found->second.begin(), found->second.end()}, most);
}

class PlanText {
public:
    PlanText(const PlanStudy& study, bool all, bool colour)
        : study_(study),
          most_(all ? std::size_t(-1) : 6),
          all_(all || study.topology.machines.size() <= few_machines),
          colour_(colour) {}

    std::string take() {
        add_head();
        if (all_) {
            add_pairs();
        } else if (study_.reach.machines.size() <= most_machines) {
            add_machines();
        }
        add_unusual();
        add_single_points();
        add_findings();
        if (study_.without) {
            add_failed();
        }
        if (study_.old) {
            text_ +=
                "\n" + heading("against " + (study_.live ? "the mesh that runs" : study_.against)) +
                changes_text(study_.changed, study_.reach,
                             {most_, study_.live ? ChangesStyle::Of::live : ChangesStyle::Of::file,
                              colour_});
        }
        return std::move(text_);
    }

private:
    std::string heading(const std::string& line) const {
        return colour_ ? "\033[1m" + console::printable(line) + "\033[0m\n"
                       : console::printable(line) + "\n";
    }

    void add_line(const std::string& line, console::Tone tone = console::Tone::plain) {
        text_ += console::paint(console::printable(line), tone, colour_) + "\n";
    }

    void add_head() {
        const Reach& reach = study_.reach;
        const std::size_t machines = reach.machines.size();
        add_line(study_.file + ": " + console::format_plural(machines, "machine") + ", " +
                 console::format_plural(reach.service_names().size(), "service") + ", " +
                 console::format_plural(study_.topology.links.size(), "link") +
                 "; simulated, and settled after " + console::format_milliseconds(study_.took));
        if (reach.ways.size() < machines * (machines - 1)) {
            add_line(
                "not every machine reaches every other: " + islands_text(reach.islands(), most_),
                console::Tone::bad);
            return;
        }
        if (machines < 2) {
            return;
        }
        const auto farthest = std::max_element(
            reach.ways.begin(), reach.ways.end(), [](const auto& one, const auto& other) {
                return std::pair(one.second.hops, one.second.cost) <
                       std::pair(other.second.hops, other.second.cost);
            });
        std::map<std::uint32_t, std::size_t> by_hops;
        for (const auto& [pair, way] : reach.ways) {
            ++by_hops[way.hops];
        }
        std::string hops;
        for (const auto& [count, ways] : by_hops) {
            hops += (hops.empty() ? "" : ", ") + console::format_count(ways) + " of " +
                    console::format_plural(count, "hop");
        }
        add_line("every machine reaches every other: " +
                     console::format_plural(reach.ways.size(), "way") + ", " + hops,
                 console::Tone::good);
        if (!all_) {
            add_line("the farthest: " + farthest->first.first + " → " + farthest->first.second +
                     ", " + way_text_of(farthest->second));
        }
    }

    static std::string way_text_of(const Way& way) {
        return console::format_plural(way.hops, "hop") + ", cost " + std::to_string(way.cost) +
               ", over " + way.neighbour;
    }

    void add_pairs() {
        console::Table table(
            {"FROM", "TO", "NEIGHBOUR", {"HOPS", true}, {"COST", true}, "SERVICES"});
        for (const std::string& from : study_.reach.machines) {
            for (const std::string& to : study_.reach.machines) {
                if (from == to) {
                    continue;
                }
                const Way* way = study_.reach.way(from, to);
                const std::string services = services_of(study_.reach, to, most_);
                if (way == nullptr) {
                    table.add({from, to, console::Cell("unreachable", console::Tone::bad), "", "",
                               services});
                } else {
                    table.add({from, to, way->neighbour, std::to_string(way->hops),
                               std::to_string(way->cost), services});
                }
            }
        }
        text_ += table.empty() ? "" : "\n" + table.text(colour_);
    }

    void add_machines() {
        console::Table table({"MACHINE", "SERVICES", "NEIGHBOURS", {"REACHES", true}, "FARTHEST"});
        const std::size_t others = study_.reach.machines.size() - 1;
        for (const std::string& from : study_.reach.machines) {
            std::vector<std::string> neighbours;
            std::size_t reached = 0;
            const std::string* farthest = nullptr;
            const Way* longest = nullptr;
            for (const std::string& to : study_.reach.machines) {
                const Way* way = from == to ? nullptr : study_.reach.way(from, to);
                if (way == nullptr) {
                    continue;
                }
                ++reached;
                if (way->neighbour == to) {
                    neighbours.push_back(to);
                }
                if (longest == nullptr || way->cost > longest->cost) {
                    longest = way;
                    farthest = &to;
                }
            }
            table.add({from, services_of(study_.reach, from, 3), names_text(neighbours, 4),
                       console::Cell(std::to_string(reached) + " of " + std::to_string(others),
                                     reached == others ? console::Tone::plain : console::Tone::bad),
                       farthest == nullptr ? "" : *farthest + " (" + way_text_of(*longest) + ")"});
        }
        text_ += "\n" + table.text(colour_);
    }

    void add_unusual() {
        std::vector<std::string> uneven;
        std::vector<std::string> roundabout;
        for (const sim::Link& link : study_.topology.links) {
            const std::string& a = study_.topology.machines[link.a].name;
            const std::string& b = study_.topology.machines[link.b].name;
            if (link.cost_at_a != link.cost_at_b) {
                uneven.push_back(a + " counts its link to " + b + " at cost " +
                                 std::to_string(link.cost_at_a) + ", " + b + " at cost " +
                                 std::to_string(link.cost_at_b));
            }
            for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
                const Way* way = study_.reach.way(from, to);
                if (way != nullptr && way->hops > 1) {
                    roundabout.push_back(from + " → " + to + " (" + way_text_of(*way) + ")");
                }
            }
        }
        add_list("links that cost more in one direction", uneven);
        add_list("neighbours that are reached by others, since their link costs more", roundabout);
    }

    void add_list(const std::string& what, const std::vector<std::string>& lines) {
        if (lines.empty()) {
            return;
        }
        text_ += "\n" + heading(what);
        for (std::size_t i = 0; i < std::min(lines.size(), most_); ++i) {
            add_line("  " + lines[i]);
        }
        if (lines.size() > most_) {
            add_line("  and " + std::to_string(lines.size() - most_) + " more: --all",
                     console::Tone::faint);
        }
    }

    void add_single_points() {
        if (study_.topology.machines.size() < 2) {
            return;
        }
        if (study_.single_points.empty()) {
            text_ += "\n" +
                     console::paint("no single point of failure", console::Tone::good, colour_) +
                     "\n";
            return;
        }
        text_ += "\n" + heading("single points of failure");
        console::Table table({"WITHOUT", "NO LONGER REACH ONE ANOTHER"});
        std::vector<SinglePoint> points = study_.single_points;
        std::stable_sort(points.begin(), points.end(), [](const auto& one, const auto& other) {
            return cut_off(one) > cut_off(other);
        });
        const bool many = study_.single_points.size() > 2 * most_ && !all_;
        const std::size_t shown = many ? 2 * most_ : study_.single_points.size();
        for (std::size_t i = 0; i < shown; ++i) {
            const SinglePoint& point = points[i];
            table.add(
                {console::Cell(point.machine
                                   ? "machine:" + study_.topology.machines[*point.machine].name
                                   : link_label(study_.topology, point.link),
                               console::Tone::bad),
                 islands_of(point)});
        }
        text_ += table.text(colour_);
        if (many) {
            add_line("and " + std::to_string(study_.single_points.size() - shown) + " more: --all",
                     console::Tone::faint);
        }
    }

    // The machines that aren't among the largest group that is left.
    static std::size_t cut_off(const SinglePoint& point) {
        std::size_t machines = 0;
        for (std::size_t i = 1; i < point.islands.size(); ++i) {
            machines += point.islands[i].size();
        }
        return machines;
    }

    // What is cut off, by name; if most are still together, those by their number.
    std::string islands_of(const SinglePoint& point) const {
        const std::size_t largest = point.islands.front().size();
        const bool rest = largest > 1 && largest > cut_off(point);
        std::vector<std::vector<std::string>> islands;
        for (std::size_t i = rest ? 1 : 0; i < point.islands.size(); ++i) {
            std::vector<std::string>& names = islands.emplace_back();
            for (const sim::MachineId machine : point.islands[i]) {
                names.push_back(study_.topology.machines[machine].name);
            }
        }
        return islands_text(islands, most_) +
               (rest ? " | the other " + std::to_string(largest) : "");
    }

    void add_findings() {
        std::vector<std::string> lines;
        for (const OneSided& one : study_.findings.one_sided) {
            lines.push_back(one.machine + " → " + one.peer + " (" + one.terminal +
                            "): " + one.peer + " counts it at cost 1");
        }
        add_list("links that one side only names", lines);
        lines.clear();
        for (const Clash& one : study_.findings.clashes) {
            lines.push_back(one.machine + " " + one.listener + " and " + one.other_machine + " " +
                            one.other_listener);
        }
        add_list("listeners that clash", lines);
        lines.clear();
        for (const Unused& one : study_.findings.unused) {
            lines.push_back(one.terminal + " of " + one.machine);
        }
        add_list("network terminals that no selected route uses", lines);
    }

    void add_failed() {
        std::vector<std::string> names;
        for (const sim::MachineId machine : study_.failures.machines) {
            names.push_back("machine:" + study_.topology.machines[machine].name);
        }
        for (const std::size_t link : study_.failures.links) {
            names.push_back(link_label(study_.topology, link));
        }
        text_ += "\n" +
                 heading("without " + names_text(names, most_) + ", settled after " +
                         console::format_milliseconds(study_.failed_took)) +
                 changes_text(study_.failed, *study_.without,
                              {most_, ChangesStyle::Of::failures, colour_});
    }

    const PlanStudy& study_;
    std::size_t most_;  // of a list
    bool all_;
    bool colour_;
    std::string text_;
};

}  // namespace

std::string plan_text(const PlanStudy& study, bool all, bool colour) {
    return PlanText(study, all, colour).take();
}

}  // namespace jetway::cli
