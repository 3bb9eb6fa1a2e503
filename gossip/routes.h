// MachineRoutes: every way to one machine that a neighbour announces, and which of them is taken.
//
// The words are RFC 8966's. A route is taken only if it is feasible, that is: better than anything
// this router has ever announced for that machine. A neighbour that reaches the machine through us
// can only offer worse, so no set of routers, whatever each has heard so far, ever points in a
// circle. See section 2.4 for the argument, 3.5.1 for the condition and 3.6 for the choice.
//
//   feasible:   announced (number, cost) with a newer number than the distance, or the same and a
//   lower cost selected:   the feasible route of the lowest cost; a tie keeps the present one, else
//   fewer hops, else the
//               smaller neighbour name
//   distance:   the best (number, cost) ever announced from here. Improved by `announced`, never by
//   a
//               retraction; forgotten with the whole object, by its owner
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "envelope/announce.h"

namespace jetway::gossip {

// Chosen by the router, one for each neighbour link that is up.
using LinkId = std::uint32_t;

enum class RouteState : std::uint8_t { selected, alternative, unfeasible };

// One neighbour's route; cost and hops with the link to that neighbour added.
struct LearnedRoute {
    LinkId link = 0;
    std::uint64_t sequence = 0;
    std::uint16_t cost = envelope::infinity;
    std::uint16_t hops = 0;
    std::uint16_t announced_cost = envelope::infinity;  // as the neighbour said it
    RouteState state = RouteState::unfeasible;
    base::Instant learned{};  // when the neighbour last said anything new of it
};

// What a router announces for a machine: its selected route, or a retraction (cost infinity).
struct Offer {
    std::uint64_t sequence = 0;
    std::uint16_t cost = envelope::infinity;
    std::uint16_t hops = 0;

    bool reachable() const { return cost != envelope::infinity; }
    friend bool operator==(const Offer&, const Offer&) = default;
};

// The feasibility distance (section 3.2.5, the source table).
struct Distance {
    std::uint64_t sequence = 0;
    std::uint16_t cost = envelope::infinity;
};

// Cost and hops stop at 65535: what is that far away can't be reached.
std::uint16_t add_saturating(std::uint16_t a, std::uint16_t b);

class MachineRoutes {
public:
    // In no order but that the selected one, if any, is first; see `sort`.
    const std::vector<LearnedRoute>& all() const { return routes_; }
    const LearnedRoute* selected() const;
    const Offer& offer() const { return offer_; }
    const std::optional<Distance>& distance() const { return distance_; }

    // A route that would be taken if it were feasible, while another is or none is.
    bool starves() const;
    bool worth_asking(const LearnedRoute& route) const;

    // The newest number known of the machine; 0 for one that is unknown.
    std::uint64_t newest() const;

    bool feasible(std::uint64_t sequence, std::uint16_t announced_cost) const;

    // Adds a neighbour's route or replaces its former one; drops it. `select` must follow.
    void hear(const LearnedRoute& route);
    bool drop(LinkId link);

    // Chooses. `before(a, b)`: link a's neighbour has the smaller name. True if the offer changed.
    template <typename Before>
    bool select(Before before) {
        const LearnedRoute* present = selected();
        LearnedRoute* best = nullptr;
        for (LearnedRoute& route : routes_) {
            if (!feasible(route.sequence, route.announced_cost)) {
                continue;
            }
            if (best == nullptr || route.cost < best->cost ||
                (route.cost == best->cost && best != present &&
                 (&route == present || route.hops < best->hops ||
                  (route.hops == best->hops && before(route.link, best->link))))) {
                best = &route;
            }
        }
        return take(best);
    }

    // The offer has been queued for sending: it is now the best ever announced, or not. True if the
    // state of some route changed with it.
    bool announced();

    // Orders what follows the selected route: feasible first, then by cost, hops and neighbour.
    template <typename Before>
    void sort(Before before) const;

private:
    bool take(LearnedRoute* best);
    bool mark_states();
    void sort_with(bool (*before)(const void*, LinkId, LinkId), const void* context) const;

    mutable std::vector<LearnedRoute> routes_;
    std::optional<Distance> distance_;
    Offer offer_;
    mutable bool sorted_ = true;
};

template <typename Before>
void MachineRoutes::sort(Before before) const {
    sort_with([](const void* context, LinkId a,
                 LinkId b) { return (*static_cast<const Before*>(context))(a, b); },
              &before);
}

}  // namespace jetway::gossip
