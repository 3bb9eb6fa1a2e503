// What the rules refuse: counted and remembered as far as the digest needs it, and reported, not
// too often.
#include "gossip/gossip.h"

namespace jetway::gossip {

namespace {

constexpr base::Duration report_interval = std::chrono::seconds(1);

}  // namespace

// Counted as the sender counts it, as long as there is room to remember that it was.
void Gossip::count_refused(Link& link, std::string_view machine, std::uint64_t route,
                           std::uint64_t catalog) {
    auto found = link.refused.find(machine);
    if (found == link.refused.end()) {
        if (link.refused.size() >= options_.max_machines) {
            link.uncounted = true;
            return;
        }
        found = link.refused.try_emplace(std::string(machine)).first;
    }
    Refused& refused = found->second;
    refused.epoch = link.epoch;
    if (route != 0) {
        link.heard_digest += route - refused.route;
        refused.route = route;
    }
    if (catalog != 0) {
        link.heard_digest += catalog - refused.catalog;
        refused.catalog = catalog;
    }
}

bool Gossip::forget_refused(Link& link, std::string_view machine) {
    const auto found = link.refused.find(machine);
    if (found == link.refused.end()) {
        return false;
    }
    link.heard_digest -= found->second.route + found->second.catalog;
    link.refused.erase(found);
    return true;
}

void Gossip::refuse(Link& link, std::string_view machine, std::string reason, base::Instant now) {
    ++counters_.refused;
    report_peer(link,
                {Report::Level::warning,
                 "announce-refused",
                 {{"machine", std::string(machine)}, {"reason", std::move(reason)}}},
                now);
}

void Gossip::report_peer(Link& link, Report report, base::Instant now) {
    if (now < link.report_at) {
        ++link.reports_held_back;
        return;
    }
    link.report_at = now + report_interval;
    report.fields.insert(report.fields.begin(), {"neighbour", link.neighbour});
    if (link.reports_held_back != 0) {
        report.fields.emplace_back("held_back", std::to_string(link.reports_held_back));
        link.reports_held_back = 0;
    }
    reports_.push_back(std::move(report));
}

void Gossip::report_duplicate(JumpWatch& watch, const Link& link, const std::string& what,
                              base::Instant now) {
    if (watch.may_report(now)) {
        reports_.push_back({Report::Level::error,
                            "duplicate-machine",
                            {{"machine", own_->first},
                             {"neighbour", link.neighbour},
                             {"detail", "another router bears this machine's name: its " + what +
                                            " runs ahead of ours again"}}});
    }
}

}  // namespace jetway::gossip
