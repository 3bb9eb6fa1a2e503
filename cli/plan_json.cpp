#include "cli/plan_json.h"

#include <nlohmann/json.hpp>

namespace jetway::cli {

namespace {

using envelope::Json;

Json link_json(const sim::Topology& topology, std::size_t index) {
    const sim::Link& link = topology.links[index];
    return {{"machineId", topology.machines[link.a].name},
            {"peer", topology.machines[link.b].name},
            {"cost", link.cost_at_a},
            {"costBack", link.cost_at_b}};
}

Json way_json(const std::optional<Way>& way) {
    if (!way) {
        return nullptr;
    }
    return {{"neighbour", way->neighbour.empty() ? Json() : Json(way->neighbour)},
            {"hops", way->hops},
            {"cost", way->cost}};
}

Json machines_json(const PlanStudy& study) {
    Json rows = Json::array();
    for (const sim::Machine& machine : study.topology.machines) {
        rows.push_back({{"machineId", machine.name}, {"services", machine.services}});
    }
    return rows;
}

// A row for every pair; `neighbour` is null for a machine that can't be reached.
Json routes_json(const Reach& reach) {
    Json rows = Json::array();
    for (const std::string& from : reach.machines) {
        for (const std::string& to : reach.machines) {
            if (from == to) {
                continue;
            }
            Json row = {{"machineId", from}, {"destination", to}, {"reachable", false}};
            if (const Way* way = reach.way(from, to)) {
                row["reachable"] = true;
                row["neighbour"] = way->neighbour;
                row["hops"] = way->hops;
                row["cost"] = way->cost;
            }
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

Json services_json_of(const Reach& reach) {
    Json rows = Json::array();
    for (const std::string& service : reach.service_names()) {
        Json missing = Json::array();
        for (const std::string& from : reach.machines) {
            if (!reach.nearest(from, service)) {
                missing.push_back(from);
            }
        }
        rows.push_back({{"service", service},
                        {"machines", reach.machines_with(service)},
                        {"unreachableFrom", std::move(missing)}});
    }
    return rows;
}

Json single_points_json(const PlanStudy& study) {
    Json rows = Json::array();
    for (const SinglePoint& point : study.single_points) {
        Json islands = Json::array();
        for (const auto& island : point.islands) {
            Json names = Json::array();
            for (const sim::MachineId machine : island) {
                names.push_back(study.topology.machines[machine].name);
            }
            islands.push_back(std::move(names));
        }
        Json row = point.machine
                       ? Json{{"kind", "machine"},
                              {"machineId", study.topology.machines[*point.machine].name}}
                       : Json{{"kind", "link"}, {"link", link_json(study.topology, point.link)}};
        row["islands"] = std::move(islands);
        rows.push_back(std::move(row));
    }
    return rows;
}

Json findings_json(const PlanFindings& findings) {
    Json one_sided = Json::array();
    for (const OneSided& one : findings.one_sided) {
        one_sided.push_back(
            {{"machineId", one.machine}, {"terminal", one.terminal}, {"peer", one.peer}});
    }
    Json clashes = Json::array();
    for (const Clash& one : findings.clashes) {
        clashes.push_back({{"machineId", one.machine},
                           {"listener", one.listener},
                           {"otherMachineId", one.other_machine},
                           {"otherListener", one.other_listener}});
    }
    Json unused = Json::array();
    for (const Unused& one : findings.unused) {
        unused.push_back(
            {{"machineId", one.machine}, {"terminal", one.terminal}, {"peer", one.peer}});
    }
    return {{"oneSided", std::move(one_sided)},
            {"clashes", std::move(clashes)},
            {"unused", std::move(unused)}};
}

Json ways_json(const std::vector<WayChange>& ways) {
    Json rows = Json::array();
    for (const WayChange& way : ways) {
        rows.push_back({{"machineId", way.from},
                        {way.service ? "service" : "destination", way.to},
                        {"before", way_json(way.before)},
                        {"after", way_json(way.after)}});
    }
    return rows;
}

Json placed_json(const std::vector<std::pair<std::string, std::string>>& services) {
    Json rows = Json::array();
    for (const auto& [service, machine] : services) {
        rows.push_back({{"service", service}, {"machineId", machine}});
    }
    return rows;
}

void add_ways_json(Json& to, const ReachChanges& changes) {
    to["unreachable"] = ways_json(changes.unreachable);
    to["reachable"] = ways_json(changes.reachable);
    to["longer"] = ways_json(changes.longer);
    to["shorter"] = ways_json(changes.shorter);
    to["rerouted"] = changes.rerouted;
}

Json fail_json(const PlanStudy& study) {
    if (!study.without) {
        return nullptr;
    }
    Json links = Json::array();
    for (const std::size_t link : study.failures.links) {
        links.push_back(link_json(study.topology, link));
    }
    Json machines = Json::array();
    for (const sim::MachineId machine : study.failures.machines) {
        machines.push_back(study.topology.machines[machine].name);
    }
    Json object = {{"links", std::move(links)},
                   {"machines", std::move(machines)},
                   {"islands", study.without->islands()}};
    add_ways_json(object, study.failed);
    return object;
}

Json against_json(const PlanStudy& study) {
    if (!study.old) {
        return nullptr;
    }
    Json object = {{"file", study.live ? Json() : Json(study.against)},
                   {"live", study.live},
                   {"silent", study.old->silent},
                   {"machinesCome", study.changed.machines_come},
                   {"machinesGo", study.changed.machines_go},
                   {"servicesCome", placed_json(study.changed.services_come)},
                   {"servicesGo", placed_json(study.changed.services_go)}};
    add_ways_json(object, study.changed);
    return object;
}

}  // namespace

envelope::Json plan_json(const PlanStudy& study) {
    Json links = Json::array();
    for (std::size_t i = 0; i < study.topology.links.size(); ++i) {
        links.push_back(link_json(study.topology, i));
    }
    return {{"schema", "jetway.plan/1"},
            {"file", study.file},
            {"machines", machines_json(study)},
            {"links", std::move(links)},
            {"routes", routes_json(study.reach)},
            {"services", services_json_of(study.reach)},
            {"islands", study.reach.islands()},
            {"singlePoints", single_points_json(study)},
            {"findings", findings_json(study.findings)},
            {"fail", fail_json(study)},
            {"against", against_json(study)}};
}

}  // namespace jetway::cli
