#include "gossip/machine.h"

#include <algorithm>

namespace jetway::gossip {

namespace {

auto place(std::vector<Exchange>& exchanges, LinkId link) {
    return std::lower_bound(exchanges.begin(), exchanges.end(), link,
                            [](const Exchange& e, LinkId id) { return e.link < id; });
}

}  // namespace

Exchange* Machine::find(LinkId link) {
    const auto found = place(exchanges, link);
    return found != exchanges.end() && found->link == link ? &*found : nullptr;
}

Exchange& Machine::at(LinkId link) {
    auto found = place(exchanges, link);
    if (found == exchanges.end() || found->link != link) {
        found = exchanges.insert(found, Exchange{});
        found->link = link;
    }
    return *found;
}

void Machine::forget(LinkId link) {
    const auto found = place(exchanges, link);
    if (found != exchanges.end() && found->link == link) {
        exchanges.erase(found);
    }
}

bool Machine::announced_by_anyone() const {
    return std::any_of(exchanges.begin(), exchanges.end(),
                       [](const Exchange& e) { return e.heard_route != 0; });
}

}  // namespace jetway::gossip
