#include "config/services.h"

#include <optional>
#include <string>
#include <utility>

#include "config/claims.h"
#include "config/section.h"
#include "envelope/address.h"

namespace jetway::config {

namespace {

bool check_not_reserved(const std::string& name, Place at, Problems& problems) {
    if (!envelope::reserved_name(name)) {
        return true;
    }
    problems.add(at, quoted(name) +
                         " is reserved: `router`, `echo` and names that start with `client-` "
                         "are the router's own");
    return false;
}

// One address, or a list of them.
void read_ninep(const Section& section, router::ConfiguredService& service, Problems& problems) {
    const YamlNode* said = section.find("9p");
    if (said == nullptr) {
        return;
    }
    Claims seen(problems);
    const auto read_one = [&](const YamlNode& item) {
        const auto where = item.kind == YamlNode::Kind::scalar
                               ? envelope::parse_ninep_address(item.text)
                               : base::Result<envelope::NinepAddress>(base::Error{
                                     "bad-config", "expected an address, or a list of them"});
        if (!where) {
            problems.add(item.place, "9p: " + where.error().detail);
        } else if (seen.claim(where->text(), item.place, "the address")) {
            service.ninep.push_back(*where);
        }
    };
    if (said->kind != YamlNode::Kind::sequence) {
        read_one(*said);
        return;
    }
    for (const YamlNode& item : said->items) {
        read_one(item);
    }
}

void read_policy(const Section& section, router::ConfiguredService& service, Problems& problems) {
    const YamlNode* said = section.find("policy");
    if (said == nullptr) {
        return;
    }
    const auto policy = balance::parse_policy(said->text);  // no scalar has no text
    if (policy) {
        service.policy = *policy;
    } else {
        problems.add(said->place, "policy: " + policy.error().detail);
    }
}

void read_details(const Section& section, router::ConfiguredService& service, Problems& problems) {
    service.version = section.read_text("version", "a version").value_or("");
    service.weight =
        static_cast<std::uint32_t>(section.read_count("weight", {1, 65535}).value_or(1));
    read_ninep(section, service, problems);
    read_policy(section, service, problems);
    const YamlNode* list = section.find("capabilities");
    if (list == nullptr) {
        return;
    }
    Claims seen(problems);
    for (const YamlNode& item : list_of(*list, "a list of capabilities", problems)) {
        auto capability = text_of(item, "a capability", problems);
        if (capability && seen.claim(*capability, item.place, "the capability")) {
            service.capabilities.push_back(std::move(*capability));
        }
    }
}

std::optional<router::ConfiguredService> read_service(const YamlNode& item, Claims& names,
                                                      Problems& problems) {
    constexpr std::string_view wanted = "the name of a service, or a map with its `name`";
    router::ConfiguredService service;
    Place at = item.place;
    if (item.kind == YamlNode::Kind::map) {
        const Section section(item, wanted, problems);
        section.check_keys({{"name", "capabilities", "version", "weight", "9p", "policy"}, {}, {}});
        if (section.find("name") == nullptr) {
            problems.add(item.place, "a service without a name: expected `name`");
        } else if (auto name = section.read_text("name", "the name of a service")) {
            service.name = std::move(*name);
            at = section.find("name")->place;
        }
        read_details(section, service, problems);
    } else if (auto name = text_of(item, wanted, problems)) {
        service.name = std::move(*name);
    }
    if (service.name.empty() || !check_name(service.name, at, "a service", problems) ||
        !check_not_reserved(service.name, at, problems) ||
        !names.claim(service.name, at, "the service")) {
        return std::nullopt;
    }
    return service;
}

}  // namespace

std::vector<router::ConfiguredService> read_services(const YamlNode& list, Problems& problems) {
    std::vector<router::ConfiguredService> services;
    Claims names(problems);
    for (const YamlNode& item : list_of(list, "a list of services", problems)) {
        if (auto service = read_service(item, names, problems)) {
            services.push_back(std::move(*service));
        }
    }
    return services;
}

}  // namespace jetway::config
