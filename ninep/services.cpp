#include "ninep/services.h"

#include <map>

#include "ninep/mount.h"
#include "router/router.h"

namespace jetway::ninep {

std::string health_text(const ServiceView& service) {
    std::string text;
    for (const InstanceView& instance : service.instances) {
        text += instance.id() + ' ' + std::string(envelope::health_name(instance.health)) + '\n';
    }
    return text;
}

std::string instances_text(const ServiceView& service) {
    std::string text;
    for (const InstanceView& instance : service.instances) {
        text += instance.id() + ' ' + std::string(envelope::health_name(instance.health)) + ' ' +
                std::to_string(instance.hops) + ' ' + std::to_string(instance.cost) + ' ' +
                std::to_string(instance.weight) + ' ' +
                (instance.version.empty() ? "-" : instance.version) + ' ' +
                (instance.ninep.empty() ? "-" : instance.ninep) + '\n';
    }
    return text;
}

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

std::vector<MountService> mount_services_of(const std::vector<ServiceView>& services,
                                            router::Router& router) {
    std::vector<MountService> all;
    for (const ServiceView& view : services) {
        if (!view.is_ninep()) {
            continue;
        }
        MountService service;
        service.name = view.name;
        service.policy = router.policy_of(view.name);
        for (const InstanceView& one : view.instances) {
            const auto address = envelope::parse_ninep_address(one.ninep);
            if (!address) {
                continue;  // one that speaks envelopes
            }
            service.instances.push_back({.name = one.id(),
                                         .machine = one.machine,
                                         .address = *address,
                                         .here = one.machine == router.options().machine,
                                         .announced = one.health == envelope::Health::up,
                                         .weight = one.weight,
                                         .cost = one.cost});
        }
        all.push_back(std::move(service));
    }
    return all;
}

}  // namespace jetway::ninep
