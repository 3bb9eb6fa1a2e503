#include "router/policies.h"

#include <algorithm>
#include <set>

namespace jetway::router {

void Policies::say(std::string_view service, const Setting& setting) {
    said_.insert_or_assign(std::string(service), setting);
}

bool Policies::forget(std::string_view service) {
    const auto found = said_.find(service);
    if (found == said_.end()) {
        return false;
    }
    said_.erase(found);
    return true;
}

void Policies::deploy(const std::vector<ConfiguredService>& services,
                      const std::function<std::uint64_t(std::string_view)>& highest) {
    Settings now;
    for (const ConfiguredService& service : services) {
        if (!service.policy) {
            continue;
        }
        const auto before = deployed_.find(service.name);
        if (before != deployed_.end() && before->second.policy == *service.policy) {
            now.insert(*before);
        } else {
            const std::uint64_t revision =
                std::min(highest(service.name) + 1, envelope::max_policy_revision);
            now.emplace(service.name, Setting{*service.policy, revision});
        }
    }
    deployed_ = std::move(now);
}

const Policies::Setting* Policies::find(std::string_view service) const {
    const auto said = said_.find(service);
    const auto deployed = deployed_.find(service);
    if (said == said_.end()) {
        return deployed == deployed_.end() ? nullptr : &deployed->second;
    }
    const bool newer =
        deployed != deployed_.end() && deployed->second.revision > said->second.revision;
    return newer ? &deployed->second : &said->second;
}

void Policies::append_to(std::vector<envelope::CatalogService>& entries) const {
    std::set<std::string_view> left;
    for (const Settings* settings : {&said_, &deployed_}) {
        for (const auto& [service, setting] : *settings) {
            left.insert(service);
        }
    }
    for (envelope::CatalogService& entry : entries) {
        if (const Setting* setting = find(entry.service.name)) {
            entry.policy = setting->policy.text();
            entry.policy_revision = setting->revision;
            left.erase(entry.service.name);
        }
    }
    for (const std::string_view service : left) {
        const Setting* setting = find(service);
        entries.push_back(
            {.service = {.name = std::string(service), .capabilities = {}, .version = {}},
             .instance = 0,
             .health = envelope::Health::detached,
             .ninep = {},
             .policy = setting->policy.text(),
             .policy_revision = setting->revision});
    }
}

}  // namespace jetway::router
