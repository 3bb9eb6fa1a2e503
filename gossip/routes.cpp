#include "gossip/routes.h"

#include <algorithm>

namespace jetway::gossip {

std::uint16_t add_saturating(std::uint16_t a, std::uint16_t b) {
    const unsigned sum = static_cast<unsigned>(a) + b;
    return sum >= envelope::infinity ? envelope::infinity : static_cast<std::uint16_t>(sum);
}

const LearnedRoute* MachineRoutes::selected() const {
    return !routes_.empty() && routes_.front().state == RouteState::selected ? &routes_.front()
                                                                             : nullptr;
}

// RFC 8966, 3.5.1: an update (number, cost) is feasible if there is no distance yet, or the number
// is newer than the distance's, or it is the same and the cost, as announced, strictly less.
bool MachineRoutes::feasible(std::uint64_t sequence, std::uint16_t announced_cost) const {
#ifdef JETWAY_WITHOUT_FEASIBILITY  // a test build: the simulator must find what comes of it
    return true;
#endif
    return !distance_ || sequence > distance_->sequence ||
           (sequence == distance_->sequence && announced_cost < distance_->cost);
}

// 3.7.3: the distance becomes the offer when the offer is better than it.
bool MachineRoutes::announced() {
    if (!offer_.reachable() || !feasible(offer_.sequence, offer_.cost)) {
        return false;
    }
    distance_ = Distance{offer_.sequence, offer_.cost};
    return mark_states();
}

bool MachineRoutes::worth_asking(const LearnedRoute& route) const {
    return route.state == RouteState::unfeasible && route.cost < offer_.cost;
}

bool MachineRoutes::starves() const {
    return std::any_of(routes_.begin(), routes_.end(),
                       [this](const LearnedRoute& route) { return worth_asking(route); });
}

std::uint64_t MachineRoutes::newest() const {
    std::uint64_t newest = distance_ ? distance_->sequence : 0;
    for (const LearnedRoute& route : routes_) {
        newest = std::max(newest, route.sequence);
    }
    return newest;
}

void MachineRoutes::hear(const LearnedRoute& route) {
    sorted_ = false;
    for (LearnedRoute& known : routes_) {
        if (known.link == route.link) {
            // It stays the present one for the choice that follows.
            const RouteState state = known.state;
            known = route;
            known.state = state;
            return;
        }
    }
    routes_.push_back(route);
    routes_.back().state = RouteState::unfeasible;
}

bool MachineRoutes::drop(LinkId link) {
    const auto found = std::find_if(routes_.begin(), routes_.end(),
                                    [link](const LearnedRoute& r) { return r.link == link; });
    if (found == routes_.end()) {
        return false;
    }
    routes_.erase(found);
    return true;
}

bool MachineRoutes::take(LearnedRoute* best) {
    if (const LearnedRoute* present = selected(); present != nullptr && present != best) {
        routes_.front().state = RouteState::alternative;
    }
    Offer offer;
    if (best != nullptr) {
        best->state = RouteState::selected;
        offer = Offer{best->sequence, best->cost, best->hops};
        std::swap(routes_.front(), *best);
    }
    sorted_ = false;
    mark_states();
    const bool changed = offer != offer_;
    offer_ = offer;
    return changed;
}

bool MachineRoutes::mark_states() {
    bool changed = false;
    for (LearnedRoute& route : routes_) {
        if (route.state == RouteState::selected) {
            continue;
        }
        const RouteState state = feasible(route.sequence, route.announced_cost)
                                     ? RouteState::alternative
                                     : RouteState::unfeasible;
        changed = changed || state != route.state;
        route.state = state;
    }
    sorted_ = sorted_ && !changed;
    return changed;
}

void MachineRoutes::sort_with(bool (*before)(const void*, LinkId, LinkId),
                              const void* context) const {
    if (sorted_) {
        return;
    }
    std::sort(routes_.begin(), routes_.end(),
              [before, context](const LearnedRoute& a, const LearnedRoute& b) {
                  if (a.state != b.state) {
                      return a.state < b.state;
                  }
                  if (a.cost != b.cost) {
                      return a.cost < b.cost;
                  }
                  return a.hops != b.hops ? a.hops < b.hops : before(context, a.link, b.link);
              });
    sorted_ = true;
}

}  // namespace jetway::gossip
