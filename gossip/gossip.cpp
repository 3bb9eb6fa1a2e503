#include "gossip/gossip.h"

#include <algorithm>

namespace jetway::gossip {

Gossip::Gossip(Options options, std::string machine, std::uint64_t incarnation)
    : options_(options),
      incarnation_(incarnation),
      own_(&*machines_.try_emplace(std::move(machine)).first) {
    replace_own_catalog(incarnation, 1, {});
}

// One thing that happens: what it changes is collected from here on.
void Gossip::begin_call(base::Instant now) {
    now_ = now;
    ++call_;
    changed_.clear();
}

// --- links

void Gossip::on_link_up(LinkId id, std::string neighbour, std::uint16_t cost, base::Instant now) {
    begin_call(now);
    if (links_.contains(id)) {
        drop_link(id, now);
    }
    Link& link = links_[id];
    link.neighbour = std::move(neighbour);
    link.cost = std::clamp<std::uint16_t>(cost, 1, envelope::infinity - 1);
    link.heartbeat_at = now + options_.interval;
}

void Gossip::set_options(const Options& options, base::Instant now) {
    options_ = options;
    for (auto& [id, link] : links_) {
        link.heartbeat_at = std::min(link.heartbeat_at, now + options_.interval);
    }
}

void Gossip::on_link_resumed(LinkId id, base::Instant now) {
    begin_call(now);
    if (const auto found = links_.find(id); found != links_.end()) {
        found->second.assembling = false;
        found->second.send_full = true;
        found->second.full_at = base::Instant::min();
    }
}

void Gossip::on_link_down(LinkId id, base::Instant now) {
    begin_call(now);
    if (links_.contains(id)) {
        drop_link(id, now);
    }
}

void Gossip::drop_link(LinkId id, base::Instant now) {
    std::vector<Record*> silent;
    for (Record& record : machines_) {
        const Exchange* exchange = record.second.find(id);
        if (exchange == nullptr) {
            continue;
        }
        const bool heard = exchange->heard_route != 0 && &record != own_;
        record.second.forget(id);
        record.second.routes.drop(id);
        if (heard) {
            touch(record);
        } else {
            silent.push_back(&record);
        }
    }
    for (Record* record : silent) {
        tidy(*record);
    }
    links_.erase(id);
    settle_touched(now);
}

bool Gossip::before(LinkId a, LinkId b) const {
    const int order = links_.at(a).neighbour.compare(links_.at(b).neighbour);
    return order != 0 ? order < 0 : a < b;
}

// --- our own machine

void Gossip::set_services(std::vector<envelope::CatalogService> ours, base::Instant now) {
    begin_call(now);
    const envelope::Catalog& present = *own_->second.catalog;
    if (ours != present.services) {
        replace_own_catalog(present.incarnation, present.revision + 1, std::move(ours));
    }
}

void Gossip::replace_own_catalog(std::uint64_t incarnation, std::uint64_t revision,
                                 std::vector<envelope::CatalogService> services) {
    auto catalog = std::make_unique<envelope::Catalog>();
    catalog->machine_id = own_->first;
    catalog->incarnation = incarnation;
    catalog->revision = revision;
    catalog->services = std::move(services);
    catalog->raw = envelope::make_catalog_raw(*catalog);
    own_->second.catalog = std::move(catalog);
    own_->second.catalog_digest = envelope::catalog_digest(own_->first, incarnation, revision);
    ++version_;
    note_changed(*own_);
    offer_changed(*own_);
}

void Gossip::set_transit(bool carries, base::Instant now) {
    begin_call(now);
    if (transit_ == carries) {
        return;
    }
    transit_ = carries;
    for (Record& record : machines_) {
        if (&record != own_) {
            offer_changed(record);
        }
    }
    for (auto& [id, link] : links_) {
        link.burst_at = base::Instant::min();
    }
}

void Gossip::retract_self(base::Instant now) {
    begin_call(now);
    withdrawn_ = true;
    for (Record& record : machines_) {
        offer_changed(record);
    }
    for (auto& [id, link] : links_) {
        link.burst_at = base::Instant::min();
    }
}

// --- time

void Gossip::on_deadline(base::Instant now) {
    begin_call(now);
    while (!due_.empty() && due_.begin()->first <= now) {
        const auto found = machines_.find(due_.begin()->second);
        on_machine_due(*found, now);
    }
    if (own_number_.on_deadline(now)) {
        offer_changed(*own_);
    }
    if (const auto unpassed = own_number_.unpassed_incarnation;
        unpassed && own_number_.catalog_watch.quiet_at() <= now) {
        pass_own_catalog(std::max(*unpassed, own_->second.catalog->incarnation));
    }
    for (auto& [id, link] : links_) {
        if (link.heartbeat_at <= now) {
            link.heartbeat = true;
            link.heartbeat_at = now + options_.interval;
        }
    }
}

base::Instant Gossip::next_deadline() const {
    base::Instant next = own_number_.due();
    if (!due_.empty()) {
        next = std::min(next, due_.begin()->first);
    }
    for (const auto& [id, link] : links_) {
        next = std::min({next, link.heartbeat_at, link.due()});
    }
    return next;
}

// --- reading

Gossip::MachineView Gossip::view(const Record& record) const {
    const MachineRoutes& routes = record.second.routes;
    routes.sort([this](LinkId a, LinkId b) { return before(a, b); });
    const LearnedRoute* selected = routes.selected();
    return MachineView{record.first, routes.all(), selected, record.second.catalog.get(),
                       selected == nullptr && !routes.all().empty()};
}

std::vector<Gossip::MachineView> Gossip::machines() const {
    std::vector<MachineView> views;
    views.reserve(machines_.size());
    for (const Record& record : machines_) {
        if (&record == own_ || !record.second.routes.all().empty()) {
            views.push_back(view(record));
        }
    }
    return views;
}

std::optional<Gossip::MachineView> Gossip::find(std::string_view machine) const {
    const auto found = machines_.find(machine);
    if (found == machines_.end() || (&*found != own_ && found->second.routes.all().empty())) {
        return std::nullopt;
    }
    return view(*found);
}

std::vector<Gossip::LinkView> Gossip::links() const {
    std::vector<LinkView> views;
    views.reserve(links_.size());
    for (const auto& [id, link] : links_) {
        views.push_back({id, link.neighbour, link.cost, 0, link.last_announce,
                         link.due() == base::never, link.refusals});
    }
    for (const auto& [name, machine] : machines_) {
        for (const LearnedRoute& route : machine.routes.all()) {
            const auto found =
                std::lower_bound(views.begin(), views.end(), route.link,
                                 [](const LinkView& view, LinkId id) { return view.link < id; });
            ++found->routes;
        }
    }
    return views;
}

bool Gossip::heard_whole(LinkId id) const {
    const auto found = links_.find(id);
    return found != links_.end() && found->second.heard_whole;
}

std::vector<Report> Gossip::take_reports() {
    std::vector<Report> reports;
    reports.swap(reports_);
    return reports;
}

}  // namespace jetway::gossip
