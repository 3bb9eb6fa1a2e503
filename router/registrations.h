// Registrations: the instances of this machine's catalog that are 9P servers. Nobody attaches them:
// the deployment gives them (`9p:`), or somebody who may change this router registers them. They go
// when they are deregistered, and with this router.
//
// An instance is known by its service and its address, as NinepAddress::text() writes it. Whether
// it is well is said by an operator and found by probes; it is up when neither says otherwise.
// While it is draining it stays listed, and isn't chosen any more, until that is undone or it is
// registered anew.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "envelope/announce.h"
#include "envelope/ninep_address.h"
#include "router/drains.h"

namespace jetway::router {

struct Registration {
    envelope::NinepAddress where{};
    std::string address{};     // where.text()
    std::uint64_t number = 0;  // unique among the instances of this machine and incarnation
    envelope::ServiceEntry service{};
    bool said_unhealthy = false;   // by an operator
    bool found_unhealthy = false;  // by probes
    bool draining = false;

    envelope::Health health(const Drains& drains) const;
};

class Registrations {
public:
    using Services = std::map<std::string, std::vector<Registration>, std::less<>>;

    // By service, in the order in which they were registered; none is empty.
    const Services& services() const { return services_; }
    bool has(std::string_view service) const { return services_.find(service) != services_.end(); }
    std::size_t size() const { return size_; }

    // nullptr: it isn't registered here.
    Registration* find(std::string_view service, std::string_view address);

    // A new one, of that number, or other metadata for one that is known: it keeps its number, and
    // drains no more.
    Registration& put(const envelope::ServiceEntry& service, const envelope::NinepAddress& where,
                      std::uint64_t number);
    // False: it isn't registered here.
    bool remove(std::string_view service, std::string_view address);

    // All of a service's, as drains begin and are undone. False: that changed nothing.
    bool set_draining(std::string_view service, bool draining);
    bool set_all_draining(bool draining);

    // One entry each.
    void append_to(std::vector<envelope::CatalogService>& entries, const Drains& drains) const;

private:
    Services services_;
    std::size_t size_ = 0;
};

}  // namespace jetway::router
