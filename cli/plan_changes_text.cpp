#include "cli/plan_changes_text.h"

#include <algorithm>
#include <map>

#include "console/format.h"
#include "console/table.h"
#include "console/text.h"

namespace jetway::cli {

namespace {

using Changed = std::vector<WayChange>;

std::string cost_text(const std::optional<Way>& way) {
    return way ? std::to_string(way->cost) : "-";
}

class ChangesText {
public:
    ChangesText(const ReachChanges& changes, const Reach& after, const ChangesStyle& style)
        : changes_(changes), after_(after), style_(style) {}

    std::string take() {
        if (style_.of != ChangesStyle::Of::failures) {
            add_names("machines that come", changes_.machines_come, console::Tone::good);
            add_names("machines that go", changes_.machines_go, console::Tone::bad);
            add_names("services that come", at_machines(changes_.services_come),
                      console::Tone::good);
            const bool live = style_.of == ChangesStyle::Of::live;
            add_names(live ? "services that the file doesn't list" : "services that go",
                      at_machines(changes_.services_go),
                      live ? console::Tone::plain : console::Tone::bad);
        }
        add_unreachable();
        add_ways("reachable again", changes_.reachable);
        add_ways("longer", changes_.longer);
        add_ways("shorter", changes_.shorter);
        if (changes_.rerouted > 0) {
            add_line(console::format_plural(changes_.rerouted, "way") +
                         " over another neighbour at the same cost",
                     console::Tone::faint);
        }
        return text_.empty() ? "  nothing changes\n" : std::move(text_);
    }

private:
    void add_line(const std::string& line, console::Tone tone) {
        text_ += "  " + console::paint(console::printable(line), tone, style_.colour) + "\n";
    }

    void add_names(const std::string& what, const std::vector<std::string>& names,
                   console::Tone tone) {
        if (!names.empty()) {
            add_line(what + ": " + names_text(names, style_.most), tone);
        }
    }

    static std::vector<std::string> at_machines(
        const std::vector<std::pair<std::string, std::string>>& services) {
        std::vector<std::string> names;
        for (const auto& [service, machine] : services) {
            names.push_back(service + "@" + machine);
        }
        return names;
    }

    // Ways to machines as the groups that are left; services with those who miss them.
    void add_unreachable() {
        std::size_t machines = 0;
        std::map<std::string, std::vector<std::string>> missed;  // by service, from where
        for (const WayChange& change : changes_.unreachable) {
            if (change.service) {
                missed[change.to].push_back(change.from);
            } else {
                ++machines;
            }
        }
        if (machines > 0) {
            add_line("unreachable: " + console::format_plural(machines, "way") +
                         " between machines; these still reach one another:",
                     console::Tone::bad);
            for (const auto& island : after_.islands()) {
                add_line("  " + names_text(island, style_.most), console::Tone::plain);
            }
        }
        // Services that the same machines miss share a line.
        std::map<std::vector<std::string>, std::vector<std::string>> together;
        for (const auto& [service, from] : missed) {
            if (after_.machines_with(service).empty()) {
                add_line("unreachable: service " + service + ", since no machine has it any more",
                         console::Tone::bad);
            } else {
                together[from].push_back(service);
            }
        }
        for (const auto& [from, services] : together) {
            add_line(
                "unreachable: " + (services.size() == 1 ? "service " : std::string("services ")) +
                    names_text(services, style_.most) + " from " + names_text(from, style_.most),
                console::Tone::bad);
        }
    }

    using ToMachines = std::map<std::pair<std::string, std::string>, const WayChange*>;

    // The way to a machine that has the service changes in just the same way.
    bool told_with_machine(const WayChange& way, const ToMachines& to_machines) const {
        const std::vector<std::string> machines = after_.machines_with(way.to);
        return std::any_of(machines.begin(), machines.end(), [&](const std::string& machine) {
            const auto found = to_machines.find({way.from, machine});
            return found != to_machines.end() && found->second->before == way.before &&
                   found->second->after == way.after;
        });
    }

    // A row for each pair, or two if its directions differ; what changes most comes first.
    void add_ways(const std::string& what, const Changed& ways) {
        if (ways.empty()) {
            return;
        }
        ToMachines to_machines;
        for (const WayChange& way : ways) {
            if (!way.service) {
                to_machines[{way.from, way.to}] = &way;
            }
        }
        struct Row {
            std::uint32_t difference;
            std::vector<console::Cell> cells;
        };
        std::vector<Row> rows;
        for (const WayChange& way : ways) {
            const auto back = to_machines.find({way.to, way.from});
            const bool same = !way.service && back != to_machines.end() &&
                              cost_text(back->second->before) == cost_text(way.before) &&
                              cost_text(back->second->after) == cost_text(way.after);
            if (same && way.to < way.from) {
                continue;  // told with the other direction
            }
            if (way.service && told_with_machine(way, to_machines)) {
                continue;
            }
            const std::uint32_t before = way.before ? way.before->cost : 0;
            const std::uint32_t after = way.after ? way.after->cost : 0;
            rows.push_back({std::max(before, after) - std::min(before, after),
                            {"  " + way.from, same ? "↔" : "→",
                             way.service ? "service " + way.to : way.to, cost_text(way.before),
                             cost_text(way.after), way.after ? way.after->neighbour : ""}});
        }
        std::stable_sort(rows.begin(), rows.end(), [](const Row& one, const Row& other) {
            return one.difference > other.difference;
        });
        const std::size_t shown =
            rows.size() > style_.most && rows.size() > style_.most + 1 ? style_.most : rows.size();
        add_line(what + ": " + console::format_plural(ways.size(), "way"), console::Tone::plain);
        console::Table table({"  FROM", "", "TO", {"COST", true}, {"THEN", true}, "NEIGHBOUR"});
        for (std::size_t i = 0; i < shown; ++i) {
            table.add(std::move(rows[i].cells));
        }
        text_ += table.text(style_.colour);
        if (shown < rows.size()) {
            add_line("  and " + std::to_string(rows.size() - shown) + " more: --all",
                     console::Tone::faint);
        }
    }

    const ReachChanges& changes_;
    const Reach& after_;
    const ChangesStyle& style_;
    std::string text_;
};

}  // namespace

std::string changes_text(const ReachChanges& changes, const Reach& after,
                         const ChangesStyle& style) {
    return ChangesText(changes, after, style).take();
}

std::string names_text(const std::vector<std::string>& names, std::size_t most) {
    const std::size_t shown =
        most >= names.size() || names.size() - most <= 1 ? names.size() : most;
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    return shown == names.size() ? text
                                 : text + " and " + std::to_string(names.size() - shown) + " more";
}

std::string islands_text(const std::vector<std::vector<std::string>>& islands, std::size_t most) {
    std::string text;
    for (const auto& island : islands) {
        text += (text.empty() ? "" : " | ") + names_text(island, most);
    }
    return text;
}

}  // namespace jetway::cli
