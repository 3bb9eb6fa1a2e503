#include "ninep/services.h"

#include <map>

#include "router/router.h"

namespace jetway::ninep {

std::vector<ServiceView> services_of(const router::Router& router) {
    std::map<std::string_view, ServiceView> services;
    for (const auto& view : router.gossip().machines()) {
        const bool ours = view.machine == router.options().machine;
        if (view.catalog == nullptr || (!ours && view.selected == nullptr && !view.awaited)) {
            continue;
        }
        for (const envelope::CatalogService& entry : view.catalog->services) {
            if (entry.health == envelope::Health::detached || entry.service.name == "route") {
                continue;
            }
            ServiceView& service = services[entry.service.name];
            service.name = entry.service.name;
            InstanceView instance;
            instance.machine = std::string(view.machine);
            instance.number = entry.instance;
            instance.health = entry.health;
            instance.ninep = entry.ninep;
            instance.version = entry.service.version;
            instance.weight = entry.service.weight;
            if (view.selected != nullptr) {
                instance.cost = view.selected->cost;
                instance.hops = view.selected->hops;
            }
            service.instances.push_back(std::move(instance));
        }
    }
    std::vector<ServiceView> all;
    for (auto& [name, service] : services) {
        all.push_back(std::move(service));
    }
    return all;
}

}  // namespace jetway::ninep
