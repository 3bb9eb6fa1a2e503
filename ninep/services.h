// ServiceView: what the tree shows of a service: its instances in the whole mesh, as the catalogs
// that reached this router say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envelope/announce.h"

namespace jetway::router {
class Router;
}

namespace jetway::ninep {

struct InstanceView {
    std::string machine;
    std::uint64_t number = 0;  // unique on its machine
    envelope::Health health = envelope::Health::up;
    std::string ninep;  // its address; empty: it speaks envelopes
    std::string version;
    std::uint32_t weight = 1;
    std::uint32_t cost = 0;  // of the way there
    std::uint32_t hops = 0;

    // "machine-c.2"
    std::string id() const { return machine + "." + std::to_string(number); }
};

struct ServiceView {
    std::string name;
    std::vector<InstanceView> instances;  // on machines that can be reached, attached or registered

    // Its tree is that of an instance. One that has both kinds of instances is shown so, too.
    bool is_ninep() const {
        for (const InstanceView& instance : instances) {
            if (!instance.ninep.empty()) {
                return true;
            }
        }
        return false;
    }
    // By its id; null: there is none.
    const InstanceView* find(std::string_view id) const {
        for (const InstanceView& instance : instances) {
            if (instance.id() == id) {
                return &instance;
            }
        }
        return nullptr;
    }
};

// A line an instance: `machine-c.2 up`, and `machine-c.2 up HOPS COST WEIGHT VERSION ADDRESS`,
// where
// `-` stands for what is empty.
std::string health_text(const ServiceView& service);
std::string instances_text(const ServiceView& service);

struct MountService;

// In order of name, those without an instance left out; a service called `route` as well, whose
// place the router has.
std::vector<ServiceView> services_of(const router::Router& router);

// Those whose instances are 9P servers, with their policies, for Mounts.
std::vector<MountService> mount_services_of(const std::vector<ServiceView>& services,
                                            router::Router& router);

}  // namespace jetway::ninep
