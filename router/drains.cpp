#include "router/drains.h"

#include <algorithm>

namespace jetway::router {

bool Drains::undo(std::string_view service) {
    const auto found = services_.find(service);
    if (found == services_.end() || found->second.done) {
        return false;
    }
    services_.erase(found);
    return true;
}

bool Drains::undo_all() {
    const bool was = all_.has_value() || active();
    all_.reset();
    services_.clear();
    return was;
}

const Drains::Drain* Drains::of(std::string_view service) const {
    const auto found = services_.find(service);
    if (found != services_.end() && !found->second.done) {
        return &found->second;
    }
    return all();
}

bool Drains::active() const {
    return (all_ && !all_->done) ||
           std::any_of(services_.begin(), services_.end(),
                       [](const auto& entry) { return !entry.second.done; });
}

void Drains::forget_done() {
    std::erase_if(services_, [](const auto& entry) { return entry.second.done; });
}

}  // namespace jetway::router
