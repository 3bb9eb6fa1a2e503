// What the rules refuse: counted and remembered as far as the digest needs it, and reported, not
// too often.
#include <algorithm>

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
    ++link.refusals;
    report_peer(link,
                {Report::Level::warning,
                 "announce-refused",
                 {{"machine", std::string(machine)}, {"reason", std::move(reason)}}},
                now);
}

// Whether that neighbour may not announce the machine; if it did before, that is gone.
bool Gossip::refuse_machine(LinkId id, Link& link, std::string_view machine, base::Instant now) {
    if (rules_.may_announce(link.neighbour, machine)) {
        return false;
    }
    refuse(link, machine, "this neighbour may not announce this machine (announce.machines)", now);
    if (const auto found = machines_.find(machine); found != machines_.end()) {
        hear_retraction(id, link, *found);
    }
    return true;
}

// Takes out what may not stand in the catalog, also of what is passed on; returns how much it was.
std::uint32_t Gossip::filter(Link& link, envelope::Catalog& catalog, base::Instant now) {
    std::string first;
    const std::uint32_t lacks = rules_.filter(link.neighbour, catalog, first);
    if (lacks > 0) {
        const bool listed =
            rules_.lists == nullptr || gives(*rules_.lists, catalog.machine_id, first);
        refuse(link, catalog.machine_id,
               "service " + first +
                   (lacks > 1 ? " (and " + std::to_string(lacks - 1) + " more)" : "") +
                   (listed ? " may not be announced by this neighbour (announce.services)"
                           : " isn't one that the deployment gives this machine "
                             "(strict_services)"),
               now);
        counters_.refused += lacks - 1;
        link.refusals += lacks - 1;
        catalog.raw = envelope::make_catalog_raw(catalog);
    }
    return lacks;
}

void Gossip::set_rules(Rules rules, base::Instant now) {
    begin_call(now);
    if (rules_ == rules) {
        return;
    }
    rules_ = std::move(rules);
    for (auto& [id, link] : links_) {
        link.want_full = true;
        for (Record& record : machines_) {
            const Exchange* exchange = record.second.find(id);
            if (&record == own_ || exchange == nullptr || exchange->heard_route == 0) {
                continue;
            }
            const std::uint64_t route = exchange->heard_route;
            const std::uint64_t catalog = exchange->heard_catalog;
            if (refuse_machine(id, link, record.first, now)) {
                count_refused(link, record.first, route, catalog);
            }
        }
    }
    for (Record& record : machines_) {
        if (&record != own_ && record.second.catalog) {
            filter_again(record);
        }
    }
    settle_touched(now);
}

// A service stays if any of those who announce this very catalog may announce it.
void Gossip::filter_again(Record& record) {
    Machine& machine = record.second;
    const std::size_t gone =
        std::erase_if(machine.catalog->services, [&](const envelope::CatalogService& entry) {
            return std::none_of(machine.exchanges.begin(), machine.exchanges.end(),
                                [&](const Exchange& exchange) {
                                    return exchange.heard_catalog == machine.catalog_digest &&
                                           rules_.may_list(links_.at(exchange.link).neighbour,
                                                           record.first, entry.service.name);
                                });
        });
    if (gone > 0) {
        machine.catalog_lacks += static_cast<std::uint32_t>(gone);
        machine.catalog->raw = envelope::make_catalog_raw(*machine.catalog);
        ++version_;
        note_changed(record);
    }
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
