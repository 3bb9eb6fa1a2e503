#include "gossip/rules.h"

#include "envelope/pattern.h"

namespace jetway::gossip {

bool gives(const ServiceLists& lists, std::string_view machine, std::string_view service) {
    const auto found = lists.find(machine);
    return found != lists.end() && found->second.find(service) != found->second.end();
}

const AnnounceRules* Rules::of(std::string_view neighbour) const {
    const auto found = neighbours.find(neighbour);
    return found != neighbours.end() ? &found->second : nullptr;
}

bool Rules::may_announce(std::string_view neighbour, std::string_view machine) const {
    const AnnounceRules* rules = of(neighbour);
    return rules == nullptr || !rules->machines || machine == neighbour ||
           envelope::matches_any(*rules->machines, machine);
}

bool Rules::may_list(std::string_view neighbour, std::string_view machine,
                     std::string_view service) const {
    const AnnounceRules* rules = of(neighbour);
    return (rules == nullptr || !rules->services ||
            envelope::matches_any(*rules->services, service)) &&
           (lists == nullptr || gives(*lists, machine, service));
}

std::uint32_t Rules::filter(std::string_view neighbour, envelope::Catalog& catalog,
                            std::string& first) const {
    const AnnounceRules* rules = of(neighbour);
    if (lists == nullptr && (rules == nullptr || !rules->services)) {
        return 0;
    }
    return static_cast<std::uint32_t>(
        std::erase_if(catalog.services, [&](const envelope::CatalogService& entry) {
            const bool may = may_list(neighbour, catalog.machine_id, entry.service.name);
            if (!may && first.empty()) {
                first = entry.service.name;
            }
            return !may;
        }));
}

}  // namespace jetway::gossip
