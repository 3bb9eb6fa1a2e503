#include "router/links.h"

#include <algorithm>

namespace jetway::router {

namespace {
constexpr base::Duration stable =
    std::chrono::seconds(2);  // up for so long: the next redial is at once
}

Verdict judge(const std::string& ours, const std::string& theirs, const NeighbourEnd& newcomer,
              const NeighbourEnd* incumbent, bool dialling) {
    const bool we_are_smaller = ours < theirs;
    if (incumbent == nullptr) {
        return dialling && !newcomer.dialled_by_us && we_are_smaller ? Verdict::duplicate
                                                                     : Verdict::accept;
    }
    if (newcomer.dialled_by_us) {  // it was on its way when the other came up
        return incumbent->dialled_by_us || we_are_smaller ? Verdict::replace : Verdict::duplicate;
    }
    if (newcomer.incarnation != incumbent->incarnation) {
        return Verdict::contest;
    }
    if (incumbent->dialled_by_us) {
        return we_are_smaller ? Verdict::contest : Verdict::replace;
    }
    return Verdict::replace;  // the same router dialled again: it has lost the other
}

Links::Links(std::vector<ConfiguredLink> configured)
    : configured_(std::move(configured)), states_(configured_.size()) {}

std::optional<std::size_t> Links::to(std::string_view peer) const {
    for (std::size_t i = 0; i < configured_.size(); ++i) {
        if (configured_[i].peer == peer) {
            return i;
        }
    }
    return std::nullopt;
}

void Links::set_up(const std::string& peer, bool resumed) {
    if (const std::optional<std::size_t> link = to(peer)) {
        states_[*link].dial_at = base::never;
        states_[*link].dialled = 0;
        states_[*link].failure = {};
        if (resumed) {
            states_[*link].backoff.reset();
        }
    }
}

void Links::set_down(const std::string& peer, base::Instant since, base::Instant now,
                     base::Random& random) {
    if (const std::optional<std::size_t> link = to(peer)) {
        if (now >= since + stable) {
            states_[*link].backoff.reset();
        }
        states_[*link].dial_at = now + states_[*link].backoff.next(random);
    }
}

void Links::resume_at(const std::string& peer, base::Instant when) {
    if (const std::optional<std::size_t> link = to(peer)) {
        states_[*link].dial_at = when;
        states_[*link].backoff.reset();
    }
}

std::vector<std::size_t> Links::take_due(base::Instant now) {
    std::vector<std::size_t> due;
    for (std::size_t i = 0; i < states_.size() && !stopped_; ++i) {
        if (states_[i].dial_at <= now) {
            states_[i].dial_at = base::never;
            due.push_back(i);
        }
    }
    return due;
}

void Links::failed(std::size_t link, bool again, base::Duration most, base::Instant now,
                   base::Random& random) {
    states_[link].dialled = 0;
    if (again) {
        states_[link].dial_at = now + std::min(most, states_[link].backoff.next(random));
    }
}

void Links::note_failure(std::string_view peer, std::string code, std::string why,
                         base::Instant now) {
    if (const std::optional<std::size_t> link = to(peer)) {
        Failure& failure = states_[*link].failure;
        failure = {std::move(code), std::move(why), now, failure.times + 1};
    }
}

base::Instant Links::next_dial() const {
    base::Instant next = base::never;
    for (const LinkState& state : states_) {
        next = stopped_ ? next : std::min(next, state.dial_at);
    }
    return next;
}

void Links::reconfigure(std::vector<ConfiguredLink> configured,
                        const std::function<bool(const std::string& peer)>& connected,
                        base::Instant now) {
    std::vector<LinkState> states(configured.size());
    for (std::size_t i = 0; i < configured.size(); ++i) {
        if (const std::optional<std::size_t> before = to(configured[i].peer)) {
            states[i] = states_[*before];
        } else {
            states[i].dial_at = connected(configured[i].peer) ? base::never : now;
        }
    }
    configured_ = std::move(configured);
    states_ = std::move(states);
}

}  // namespace jetway::router
