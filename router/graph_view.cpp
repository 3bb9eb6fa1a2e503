// The answer of Control to `graph`: the mesh as this router sees it. It knows its own links; of
// what lies behind its neighbours it knows ways, with their hops and cost, and no links.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "router/control.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;

namespace {

Json services_json(const envelope::Catalog* catalog) {
    struct Seen {
        envelope::Health health;
        std::uint32_t up;
    };
    std::map<std::string_view, Seen> services;
    if (catalog != nullptr) {
        for (const envelope::CatalogService& entry : catalog->services) {
            Seen& seen =
                services.try_emplace(entry.service.name, Seen{entry.health, 0}).first->second;
            if (entry.health == envelope::Health::up) {
                seen.health = entry.health;
                ++seen.up;
            }
        }
    }
    Json rows = Json::array();
    for (const auto& [name, seen] : services) {
        rows.push_back(
            {{"name", name}, {"health", envelope::health_name(seen.health)}, {"up", seen.up}});
    }
    return rows;
}

Json way_row(std::string_view machine, const Neighbour& next, const gossip::LearnedRoute& route) {
    const bool selected = route.state == gossip::RouteState::selected;
    return {{"machineId", machine},
            {"neighbour", next.machine},
            {"terminal", next.name},
            {"hops", route.hops},
            {"cost", route.cost},
            {"state", selected ? "selected" : "alternative"},
            {"feasible", route.state != gossip::RouteState::unfeasible}};
}

}  // namespace

Json Control::graph(bool all) const {
    Json machines = Json::array();
    Json ways = Json::array();
    for (const auto& view : of_.gossip.machines()) {
        const bool ours = view.machine == of_.options.machine;
        machines.push_back({{"machineId", view.machine},
                            {"reachable", ours || view.selected != nullptr},
                            {"services", services_json(view.catalog)}});
        for (const gossip::LearnedRoute& route : view.routes) {
            const Neighbour* next = of_.neighbours.find(route.link);
            if (!ours && next != nullptr && (all || route.state == gossip::RouteState::selected)) {
                ways.push_back(way_row(view.machine, *next, route));
            }
        }
    }
    Json links = Json::array();
    std::vector<std::string_view> up;
    for (const auto& link : of_.gossip.links()) {
        if (const Neighbour* neighbour = of_.neighbours.find(link.link)) {
            up.push_back(link.neighbour);
            links.push_back({{"machineId", link.neighbour},
                             {"terminal", neighbour->name},
                             {"state", neighbour->suspended() ? "suspended" : "up"},
                             {"cost", link.cost}});
        }
    }
    for (const ConfiguredLink& link : of_.links.configured()) {
        if (std::find(up.begin(), up.end(), link.peer) != up.end()) {
            continue;
        }
        links.push_back({{"machineId", link.peer},
                         {"terminal", link.name},
                         {"state", "down"},
                         {"cost", link.cost}});
    }
    Json answer = begin("jetway.graph/1");
    answer["machines"] = std::move(machines);
    answer["links"] = std::move(links);
    answer["ways"] = std::move(ways);
    return answer;
}

}  // namespace jetway::router
