#include "router/transit.h"

#include <algorithm>
#include <utility>

namespace jetway::router {

namespace {
constexpr std::size_t guest_cost = sizeof(WaitingRoom::Guest);
}

bool WaitingRoom::add(const Transit& transit, std::size_t most) {
    const std::size_t cost = guest_cost + transit.body.size();
    if (bytes_ + cost > most) {
        return false;
    }
    bytes_ += cost;
    Guest& guest = guests_.emplace_back();
    guest.transit = transit;
    guest.pin = transit.pin;
    guest.body = std::make_shared<base::Bytes>(transit.body.begin(), transit.body.end());
    guest.transit.read = false;
    guest.transit.view = {};
    guest.transit.body = *guest.body;
    guest.transit.pin = {};
    guest.transit.owner = nullptr;
    return true;
}

std::deque<WaitingRoom::Guest> WaitingRoom::take_all() {
    bytes_ = 0;
    return std::exchange(guests_, {});
}

std::deque<WaitingRoom::Guest> WaitingRoom::take_some(std::size_t bytes) {
    std::deque<Guest> taken;
    std::size_t size = 0;
    while (!guests_.empty() && size < bytes) {
        const std::size_t cost = guest_cost + guests_.front().body->size();
        size += cost;
        bytes_ -= cost;
        taken.push_back(std::move(guests_.front()));
        guests_.pop_front();
    }
    return taken;
}

std::deque<WaitingRoom::Guest> WaitingRoom::take_expired(base::Instant now) {
    std::deque<Guest> expired;
    std::deque<Guest> rest;
    for (Guest& guest : guests_) {
        const bool over = guest.transit.expires <= now;
        bytes_ -= over ? guest_cost + guest.body->size() : 0;
        (over ? expired : rest).push_back(std::move(guest));
    }
    guests_ = std::move(rest);
    return expired;
}

base::Instant WaitingRoom::next_expiry() const {
    base::Instant next = base::never;
    for (const Guest& guest : guests_) {
        next = std::min(next, guest.transit.expires);
    }
    return next;
}

}  // namespace jetway::router
