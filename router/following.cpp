// The part of Router that makes events of what happens, and answers those who follow them by the
// request `events`. Routes and services that changed are read off the history, refusals off the
// refusal log; holds are told of once they have stood for a second.
#include <algorithm>

#include "envelope/address.h"
#include "router/router.h"

namespace jetway::router {

using Level = base::Report::Level;

namespace {

constexpr std::size_t most_changes = 8;  // of the history, one by one; the others are summed up
constexpr base::Duration standing = std::chrono::seconds(1);
constexpr base::Duration longest_wait = std::chrono::seconds(30);

base::Report report_of(const Change& change) {
    std::string cause(event_name(change.cause.event));
    for (const std::string_view more : {change.cause.of, change.cause.code}) {
        cause += more.empty() ? "" : " " + std::string(more);
    }
    const std::string machine(change.machine);
    if (!change.service.empty()) {
        const std::string state =
            change.service_after ? std::string(envelope::health_name(change.service_after->health))
                                 : "gone";
        return {Level::info,
                "service " + state,
                {{"service", std::string(change.service)}, {"at", machine}, {"cause", cause}}};
    }
    if (!change.way_after) {
        return {Level::info, "route lost", {{"to", machine}, {"cause", cause}}};
    }
    return {Level::info,
            change.way_before ? "route changed" : "route selected",
            {{"to", machine},
             {"terminal", std::string(change.way_after->terminal)},
             {"hops", std::to_string(change.way_after->hops)},
             {"cost", std::to_string(change.way_after->cost)},
             {"cause", cause}}};
}

}  // namespace

void Router::note(const base::Report& report, base::Instant now) {
    now_ = now;
    events_.add(report, now);
}

void Router::tell_changes() {
    const std::uint64_t fresh = history_.recorded() - told_changes_;
    if (fresh == 0) {
        return;
    }
    told_changes_ = history_.recorded();
    History::Query query;
    query.limit = static_cast<std::size_t>(std::min<std::uint64_t>(fresh, most_changes));
    History::Answer latest = history_.changes(query);
    std::reverse(latest.changes.begin(), latest.changes.end());
    if (fresh > most_changes) {
        say(Level::info, "more routes and services changed",
            {{"count", std::to_string(fresh - most_changes)}, {"see", "history"}});
    }
    for (const Change& change : latest.changes) {
        reports_.push_back(report_of(change));
    }
}

void Router::tell_holds() {
    const Holds& holds = forwarder_.holds();
    if (holds_checked_ > now_ && (holds_checked_ != base::never || holds.empty())) {
        return;
    }
    std::map<std::string, base::Instant> standing_now;
    for (const auto& [id, since] : holds.crowded_services()) {
        if (const Connection* service = connections_.find(id)) {
            standing_now.emplace(
                service->services.empty()
                    ? service->address
                    : envelope::make_address(service->services.begin()->first, options_.machine),
                since);
        }
    }
    for (const auto& [id, since] : holds.crowded_links()) {
        if (const Neighbour* neighbour = neighbours_.find(id)) {
            standing_now.emplace("link " + neighbour->name, since);
        }
    }
    holds.for_each_held(
        [&](const std::string& machine, const std::string& service, const HeldDestination& held) {
            standing_now.emplace(envelope::make_address(service, machine),
                                 held.until - options_.terminal.hold_timeout);
        });
    for (auto told = told_holds_.begin(); told != told_holds_.end();) {
        if (standing_now.find(told->first) == standing_now.end()) {
            const auto lasted = base::to_microseconds(now_ - told->second) / 1'000;
            say(Level::info, "hold over",
                {{"what", told->first}, {"afterMs", std::to_string(lasted)}});
            told = told_holds_.erase(told);
        } else {
            ++told;
        }
    }
    for (const auto& [what, since] : standing_now) {
        if (now_ >= since + standing && told_holds_.emplace(what, since).second) {
            say(Level::warning, "held",
                {{"what", what},
                 {"why", "it does not take what is sent to it as fast as it comes"}});
        }
    }
    holds_checked_ = standing_now.empty() && told_holds_.empty() ? base::never : now_ + standing;
}

// What was reported since the last time is numbered.
void Router::collect_events() {
    tell_changes();
    tell_holds();
    for (base::Report& report : forwarder_.refusal_log().take_reports(now_)) {
        reports_.push_back(std::move(report));
    }
    for (base::Report& report : gossip_.take_reports()) {
        reports_.push_back(std::move(report));
    }
    for (; numbered_reports_ < reports_.size(); ++numbered_reports_) {
        events_.add(reports_[numbered_reports_], now_);
    }
}

// A request with `waitMs` waits for the next event, up to 30 s. False: it is to be answered now.
bool Router::park(const envelope::EnvelopeView& request, const ControlRequest& asked) {
    const auto wait = asked.numbers.find("waitMs");
    const base::Result<Control::EventQuery> query = Control::read_event_query(asked);
    if (wait == asked.numbers.end() || !query || !query->after ||
        events_.has(*query->after, query->level) || followers_.size() >= most_followers) {
        return false;
    }
    const base::Duration waits = std::min<base::Duration>(
        longest_wait, std::chrono::milliseconds(std::min<std::uint64_t>(wait->second, 60'000)));
    followers_.push_back({std::string(request.answer_to()),
                          base::Bytes(request.id.begin(), request.id.end()), *query, now_ + waits});
    return true;
}

void Router::answer_followers() {
    if (followers_.empty()) {
        return;
    }
    const auto due = [this](const Follower& one) {
        return one.until <= now_ || events_.has(*one.query.after, one.query.level);
    };
    const auto first = std::stable_partition(followers_.begin(), followers_.end(),
                                             [&due](const Follower& one) { return !due(one); });
    const std::vector<Follower> ready(std::make_move_iterator(first),
                                      std::make_move_iterator(followers_.end()));
    followers_.erase(first, followers_.end());
    for (const Follower& one : ready) {
        answer(one.asker, one.id, control_.events(one.query, now_),
               envelope::make_address("router", options_.machine));
    }
}

base::Instant Router::following_deadline() const {
    base::Instant next = std::min(holds_checked_, forwarder_.refusal_log().next_report());
    for (const Follower& one : followers_) {
        next = std::min(next, one.until);
    }
    return next;
}

}  // namespace jetway::router
