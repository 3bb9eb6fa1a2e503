// Policies: what this router was told of services' policies, to announce with its catalog.
//
// The mesh has one policy a service: of all that are announced, the one of the highest revision; of
// two with the same, the one of the machine whose name is the smaller. So it is set at any one
// router, with a revision above all that it knows, and holds everywhere. What was said at a router
// is gone when that router is, or when something newer is said elsewhere; what stands in the
// deployment is there again whenever nothing else is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "balance/policy.h"
#include "envelope/announce.h"
#include "router/options.h"

namespace jetway::router {

class Policies {
public:
    struct Setting {
        balance::Policy policy;
        std::uint64_t revision = 0;

        friend bool operator==(const Setting&, const Setting&) = default;
    };

    // Somebody says so.
    void say(std::string_view service, const Setting& setting);
    // Another router's word holds. False: nothing had been said here.
    bool forget(std::string_view service);

    // What the deployment gives now. Where that is new or changed its revision is one above what
    // `highest` says of the service.
    void deploy(const std::vector<ConfiguredService>& services,
                const std::function<std::uint64_t(std::string_view service)>& highest);

    // What is announced; nullptr: nothing.
    const Setting* find(std::string_view service) const;
    // What was said here, by service.
    const std::map<std::string, Setting, std::less<>>& said() const { return said_; }

    // Puts them on the entries of their services; one that has none here is listed `detached`, for
    // its policy alone.
    void append_to(std::vector<envelope::CatalogService>& entries) const;

private:
    using Settings = std::map<std::string, Setting, std::less<>>;

    Settings said_;
    Settings deployed_;
};

}  // namespace jetway::router
