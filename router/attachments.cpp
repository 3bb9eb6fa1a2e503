#include "router/attachments.h"

#include <algorithm>

namespace jetway::router {

void Attachments::attach(Connection& connection,
                         const std::vector<envelope::ServiceEntry>& services) {
    for (const envelope::ServiceEntry& service : services) {
        connection.services.insert_or_assign(service.name, service);
        std::vector<Instance>& instances = instances_[service.name];
        const auto mine = std::find_if(instances.begin(), instances.end(), [&](const Instance& i) {
            return i.terminal == connection.terminal.id();
        });
        if (mine != instances.end()) {
            mine->service = service;
        } else {
            instances.push_back(
                {connection.terminal.id(), next_number_++, service, !connection.unhealthy});
        }
        ++version_;
    }
}

void Attachments::set_healthy(const Connection& connection, bool healthy) {
    for (const auto& [name, service] : connection.services) {
        for (Instance& instance : instances_[name]) {
            if (instance.terminal == connection.terminal.id()) {
                instance.healthy = healthy;
            }
        }
    }
    ++version_;
}

void Attachments::remove(Connection& connection, const std::string& name) {
    const auto found = instances_.find(name);
    if (found == instances_.end()) {
        return;
    }
    std::erase_if(found->second, [&](const Instance& instance) {
        return instance.terminal == connection.terminal.id();
    });
    if (found->second.empty()) {
        instances_.erase(found);
    }
    ++version_;
}

void Attachments::detach(Connection& connection, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (connection.services.erase(name) > 0) {
            remove(connection, name);
        }
    }
    connection.verified_source.clear();
}

void Attachments::detach_all(Connection& connection) {
    for (const auto& [name, service] : connection.services) {
        remove(connection, name);
    }
    connection.services.clear();
    connection.verified_source.clear();
}

std::vector<envelope::CatalogService> Attachments::catalog(
    const std::vector<ConfiguredService>& configured, const Drains& drains) const {
    std::vector<envelope::CatalogService> entries;
    for (const auto& [name, instances] : instances_) {
        const bool draining = drains.of(name) != nullptr;
        for (const Instance& instance : instances) {
            const envelope::Health health = draining           ? envelope::Health::draining
                                            : instance.healthy ? envelope::Health::up
                                                               : envelope::Health::unhealthy;
            entries.push_back({instance.service, instance.number, health});
        }
    }
    for (const ConfiguredService& service : configured) {
        if (service.ninep.empty() && instances_.find(service.name) == instances_.end()) {
            entries.push_back({envelope::ServiceEntry{.name = service.name,
                                                      .capabilities = service.capabilities,
                                                      .version = service.version,
                                                      .weight = service.weight},
                               0, envelope::Health::detached});
        }
    }
    return entries;
}

}  // namespace jetway::router
