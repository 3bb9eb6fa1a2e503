// Machine: all that is held of one machine: its routes, its catalog, and what this router and each
// neighbour have told each other of it. Our own machine has one too, without routes.
//
// What was told is kept as digests: enough to see a difference, to send only what changed, and to
// keep a link's sum without hashing anything twice.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gossip/routes.h"

namespace jetway::gossip {

// One machine on one link. A digest of 0: nothing was said, or it was retracted.
struct Exchange {
    LinkId link = 0;
    std::uint16_t route_epoch =
        0;  // the full announcement that last brought the route, or that came
    std::uint16_t catalog_epoch = 0;  // before the change that did; the same of the catalog
    bool changed = false;             // it is in the link's list of what may have to be sent
    bool repeat = false;              // the route is to be sent even if it is what was sent
    bool retract = false;  // the route is to be retracted first, even if there is one again
    bool asked = false;    // a request went this way since the machine's timer was set
    std::uint64_t heard_route = 0;
    std::uint64_t heard_catalog = 0;
    std::uint64_t announced_route = 0;
    std::uint64_t announced_catalog = 0;

    bool empty() const {
        return !changed && heard_route == 0 && heard_catalog == 0 && announced_route == 0 &&
               announced_catalog == 0;
    }
};

struct Machine {
    MachineRoutes routes;
    std::unique_ptr<envelope::Catalog>
        catalog;  // the newest that came while a neighbour announced it
    std::uint64_t catalog_digest = 0;
    std::uint32_t catalog_lacks = 0;    // services that the rules took out of it
    std::uint64_t offer_digest = 0;     // 0: not computed yet
    std::vector<Exchange> exchanges;    // in order of link
    base::Instant due = base::never;    // when to ask again or, without a route, when to forget
    std::uint64_t passed_sequence = 0;  // the request that was last sent or passed on
    base::Instant passed_at{};
    std::uint64_t changed_in = 0;  // the call that last listed it as changed
    std::uint8_t asks = 0;
    bool forgetting = false;  // `due` is when to forget
    bool touched = false;     // something heard of it awaits the choice

    Exchange* find(LinkId link);
    Exchange& at(LinkId link);  // makes it if need be
    void forget(LinkId link);
    bool announced_by_anyone() const;
};

using Machines = std::map<std::string, Machine, std::less<>>;
using Record = Machines::value_type;  // its address stays the same for as long as it is known

}  // namespace jetway::gossip
