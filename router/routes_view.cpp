// The part of Control that answers `routes` and `services`: what the mesh offers, and by which
// ways.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "router/control.h"

namespace jetway::router {

using Json = nlohmann::ordered_json;

namespace {

// `up` if any instance is, else what the first is.
std::map<std::string, std::string_view> health_of(const envelope::Catalog& catalog) {
    std::map<std::string, std::string_view> health;
    for (const envelope::CatalogService& entry : catalog.services) {
        const auto [at, fresh] = health.try_emplace(entry.service.name, health_name(entry.health));
        if (!fresh && entry.health == envelope::Health::up) {
            at->second = health_name(entry.health);
        }
    }
    return health;
}

}  // namespace

// One row for each service and each way to a machine that lists it.
Json Control::routes(bool all) const {
    Json rows = Json::array();
    for (const auto& view : of_.gossip.machines()) {
        if (view.catalog == nullptr) {
            continue;
        }
        const bool ours = view.machine == of_.options.machine;
        for (const auto& listed : health_of(*view.catalog)) {
            const auto row = [&](std::string_view terminal, std::string way, std::uint16_t hops,
                                 std::uint16_t cost, gossip::RouteState state,
                                 std::string_view origin) {
                const bool selected = state == gossip::RouteState::selected;
                rows.push_back({{"service", listed.first},
                                {"machineId", view.machine},
                                {"terminal", terminal},
                                {"via", std::move(way)},
                                {"hops", hops},
                                {"cost", cost},
                                {"state", selected ? "selected" : "alternative"},
                                {"feasible", state != gossip::RouteState::unfeasible},
                                {"origin", origin},
                                {"health", listed.second}});
            };
            if (ours) {
                row("local", "local", 0, 0, gossip::RouteState::selected, "local");
            }
            for (const gossip::LearnedRoute& route : view.routes) {
                const Neighbour* next = of_.neighbours.find(route.link);
                if (ours || next == nullptr ||
                    (!all && route.state != gossip::RouteState::selected)) {
                    continue;
                }
                std::string way = next->machine;
                if (way != view.machine) {
                    way += "→";
                    way += view.machine;
                }
                row(next->name, std::move(way), route.hops, route.cost, route.state, "gossip");
            }
        }
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
        return a["service"].get_ref<const std::string&>() <
               b["service"].get_ref<const std::string&>();
    });
    Json answer = begin("jetway.routes/1");
    answer["routes"] = std::move(rows);
    return answer;
}

Json Control::services() const {
    Json rows = Json::array();
    for (const auto& view : of_.gossip.machines()) {
        if (view.catalog == nullptr) {
            continue;
        }
        const bool ours = view.machine == of_.options.machine;
        for (const envelope::CatalogService& entry : view.catalog->services) {
            rows.push_back({{"name", entry.service.name},
                            {"machineId", view.machine},
                            {"instance", entry.instance},
                            {"health", health_name(entry.health)},
                            {"capabilities", entry.service.capabilities},
                            {"version", entry.service.version},
                            {"weight", entry.service.weight},
                            {"hops", ours                       ? 0
                                     : view.selected != nullptr ? int{view.selected->hops}
                                                                : -1},
                            {"reachable", ours || view.selected != nullptr},
                            {"ninep", entry.ninep}});
        }
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
        return a["name"].get_ref<const std::string&>() < b["name"].get_ref<const std::string&>();
    });
    Json answer = begin("jetway.services/1");
    answer["services"] = std::move(rows);
    return answer;
}

}  // namespace jetway::router
