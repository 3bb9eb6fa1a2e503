// Attachments: which connection of this router attached which service, and the catalog that
// follows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "envelope/announce.h"
#include "router/connection.h"
#include "router/drains.h"
#include "router/options.h"

namespace jetway::router {

// One attached service; its instance number is unique within this machine and incarnation.
struct Instance {
    TerminalId terminal = 0;
    std::uint64_t number = 0;
    envelope::ServiceEntry service;
    bool healthy = true;  // its connection answers PINGs
};

class Attachments {
public:
    // Adds names to a connection, or replaces their metadata.
    void attach(Connection& connection, const std::vector<envelope::ServiceEntry>& services);
    void detach(Connection& connection, const std::vector<std::string>& names);
    void detach_all(Connection& connection);

    // Of all that a connection attached.
    void set_healthy(const Connection& connection, bool healthy);

    // Instances by service, in the order in which they attached.
    const std::map<std::string, std::vector<Instance>, std::less<>>& instances() const {
        return instances_;
    }

    // One entry an instance, `draining` where `drains` has its service, `unhealthy` where it isn't;
    // a service of `configured` that nobody attached is one entry, `detached`.
    std::vector<envelope::CatalogService> catalog(const std::vector<ConfiguredService>& configured,
                                                  const Drains& drains) const;
    // Something else of this machine's catalog has changed.
    void changed() { ++version_; }
    // The number of an instance that is registered, not attached.
    std::uint64_t new_number() { return next_number_++; }

    // Grows with every change.
    std::uint64_t version() const { return version_; }

private:
    void remove(Connection& connection, const std::string& name);

    std::map<std::string, std::vector<Instance>, std::less<>> instances_;
    std::uint64_t next_number_ = 1;
    std::uint64_t version_ = 1;
};

}  // namespace jetway::router
