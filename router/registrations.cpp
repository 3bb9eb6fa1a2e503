#include "router/registrations.h"

#include <algorithm>

namespace jetway::router {

using envelope::Health;

Health Registration::health(const Drains& drains) const {
    if (draining || drains.of(service.name) != nullptr) {
        return Health::draining;
    }
    return said_unhealthy || found_unhealthy ? Health::unhealthy : Health::up;
}

Registration* Registrations::find(std::string_view service, std::string_view address) {
    const auto found = services_.find(service);
    if (found == services_.end()) {
        return nullptr;
    }
    const auto at = std::find_if(found->second.begin(), found->second.end(),
                                 [&](const Registration& one) { return one.address == address; });
    return at != found->second.end() ? &*at : nullptr;
}

Registration& Registrations::put(const envelope::ServiceEntry& service,
                                 const envelope::NinepAddress& where, std::uint64_t number) {
    const std::string address = where.text();
    Registration* one = find(service.name, address);
    if (one == nullptr) {
        one = &services_[service.name].emplace_back();
        one->where = where;
        one->address = address;
        one->number = number;
        ++size_;
    }
    one->service = service;
    one->draining = false;
    return *one;
}

bool Registrations::remove(std::string_view service, std::string_view address) {
    const auto found = services_.find(service);
    if (found == services_.end() || std::erase_if(found->second, [&](const Registration& one) {
                                        return one.address == address;
                                    }) == 0) {
        return false;
    }
    --size_;
    if (found->second.empty()) {
        services_.erase(found);
    }
    return true;
}

bool Registrations::set_draining(std::string_view service, bool draining) {
    const auto found = services_.find(service);
    bool changed = false;
    if (found != services_.end()) {
        for (Registration& one : found->second) {
            changed = changed || one.draining != draining;
            one.draining = draining;
        }
    }
    return changed;
}

bool Registrations::set_all_draining(bool draining) {
    bool changed = false;
    for (const auto& [service, all] : services_) {
        changed = set_draining(service, draining) || changed;
    }
    return changed;
}

void Registrations::append_to(std::vector<envelope::CatalogService>& entries,
                              const Drains& drains) const {
    for (const auto& [service, all] : services_) {
        for (const Registration& one : all) {
            entries.push_back({.service = one.service,
                               .instance = one.number,
                               .health = one.health(drains),
                               .ninep = one.address});
        }
    }
}

}  // namespace jetway::router
