#include "tests/scenarios/table.h"

#include <algorithm>

#include "tests/scenarios/speech.h"

namespace jetway::scenarios {

namespace {

using Row = std::vector<std::string>;

std::vector<std::string> aligned(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::vector<std::string> lines;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += (i == 0 ? "" : "  ") + row[i] + std::string(widths[i] - row[i].size(), ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string_view state_text(gossip::RouteState state) {
    switch (state) {
        case gossip::RouteState::selected:
            return "selected";
        case gossip::RouteState::alternative:
            return "alternative";
        case gossip::RouteState::unfeasible:
            return "alternative, unfeasible";
    }
    return "";
}

}  // namespace

std::vector<std::string> route_lines(const sim::World& world, const Narrator& narrator,
                                     const std::vector<sim::HostId>& hosts) {
    std::vector<Row> rows = {
        {"at", "machine", "via", "number", "cost", "hops", "state", "services"}};
    for (const sim::HostId id : hosts) {
        if (!world.host(id).router) {
            continue;
        }
        const router::Router& router = *world.host(id).router;
        const std::vector<gossip::Gossip::LinkView> links = router.gossip().links();
        for (const gossip::Gossip::MachineView& machine : router.gossip().machines()) {
            for (const gossip::LearnedRoute& route : machine.routes) {
                const auto link = std::find_if(links.begin(), links.end(),
                                               [&](const auto& l) { return l.link == route.link; });
                const bool first = &route == machine.routes.data();
                rows.push_back(
                    {narrator.name(world, id), std::string(machine.machine),
                     std::string(link->neighbour), std::to_string(route.sequence),
                     std::to_string(route.cost), std::to_string(route.hops),
                     std::string(state_text(route.state)),
                     first && machine.catalog != nullptr && !machine.catalog->services.empty()
                         ? catalog_speech(machine.catalog->services)
                         : ""});
            }
        }
    }
    return rows.size() > 1 ? aligned(rows) : std::vector<std::string>{"no routes"};
}

}  // namespace jetway::scenarios
