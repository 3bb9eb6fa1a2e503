// The half of Gossip that listens. An announcement is read whole before any of it counts; then all
// of its routes and catalogs count, and then each machine that it changed is chosen for once.
#include <algorithm>

#include "gossip/gossip.h"

namespace jetway::gossip {

namespace {

constexpr base::Duration request_window =
    std::chrono::milliseconds(200);  // below the repeat of 250
constexpr std::size_t greatest_catalog = std::size_t{8}
                                         << 20U;  // passed on, it must still fit a frame

bool newer(const envelope::Catalog& a, const envelope::Catalog& b) {
    return a.incarnation != b.incarnation ? a.incarnation > b.incarnation : a.revision > b.revision;
}

// Announcements in a row that bear another machine's name.
constexpr std::uint8_t most_misnamed = 3;

// "The sender itself is the one with cost 0", and with no hops; nobody else is.
bool plausible(const envelope::RouteEntry& entry, const Link& link) {
    const bool sender = entry.machine_id == link.neighbour;
    return (entry.cost == 0) == sender && (entry.hops == 0) == sender;
}

}  // namespace

bool Gossip::on_announce(LinkId id, base::ByteView body, base::Instant now) {
    begin_call(now);
    const auto found = links_.find(id);
    if (found == links_.end()) {
        ++counters_.malformed;
        return true;
    }
    Link& link = found->second;
    auto read = envelope::read_announce(body);
    if (!read || read->machine_id != link.neighbour) {
        ++counters_.malformed;
        std::string detail =
            read ? "it says that it comes from " + read->machine_id : read.error().detail;
        report_peer(link, {Report::Level::warning, "bad-announce", {{"detail", std::move(detail)}}},
                    now);
        link.misnamed = static_cast<std::uint8_t>(link.misnamed + (read ? 1 : 0));
        return link.misnamed < most_misnamed;
    }
    link.misnamed = 0;
    envelope::Announce& announce = *read;
    ++counters_.announces_received;
    link.last_announce = now;
    if (announce.full && !link.assembling) {
        begin_full(link);
    }
    for (const envelope::RouteEntry& entry : announce.routes) {
        hear_route(id, link, entry, now);
    }
    for (envelope::Catalog& catalog : announce.catalogs) {
        hear_catalog(id, link, catalog, now);
    }
    if (!announce.more) {
        if (link.assembling) {
            end_full(id, link);
        }
        check_digest(link, announce.digest);
    }
    settle_touched(now);
    for (const envelope::SequenceRequest& request : announce.requests) {
        hear_request(id, link, request, now);
    }
    link.send_full = link.send_full || announce.want_full;
    return true;
}

void Gossip::begin_full(Link& link) {
    link.assembling = true;
    link.uncounted = false;
    link.want_full = false;
    ++link.epoch;
}

// What the full announcement didn't name is retracted by it.
void Gossip::end_full(LinkId id, Link& link) {
    link.assembling = false;
    link.heard_whole = true;
    for (Record& record : machines_) {
        const Exchange* exchange = record.second.find(id);
        if (exchange == nullptr) {
            continue;
        }
        if (exchange->heard_route != 0 && exchange->route_epoch != link.epoch) {
            hear_retraction(id, link, record);
        } else if (exchange->heard_catalog != 0 && exchange->catalog_epoch != link.epoch) {
            count_catalog(id, link, record, 0);
        }
    }
    std::erase_if(link.refused, [&link](const auto& entry) {
        const bool stale = entry.second.epoch != link.epoch;
        link.heard_digest -= stale ? entry.second.route + entry.second.catalog : 0;
        return stale;
    });
}

void Gossip::check_digest(Link& link, std::uint64_t digest) {
    link.want_full = link.want_full || (!link.uncounted && link.heard_digest != digest);
}

// --- routes

void Gossip::hear_route(LinkId id, Link& link, const envelope::RouteEntry& entry,
                        base::Instant now) {
    if (entry.machine_id == own_->first) {
        hear_own_route(id, link, entry, now);
        return;
    }
    auto found = machines_.find(entry.machine_id);
    if (entry.cost == envelope::infinity) {
        forget_refused(link, entry.machine_id);
        if (found != machines_.end()) {
            hear_retraction(id, link, *found);
        }
        return;
    }
    const std::uint64_t digest = envelope::route_digest(entry);
    if (refuse_machine(id, link, entry.machine_id, now)) {
        count_refused(link, entry.machine_id, digest, 0);
        return;
    }
    const bool known = found != machines_.end();
    const bool jump = jumps(known ? found->second.routes.newest() : 0, entry.sequence);
    const bool full = !known && known_machines() >= options_.max_machines;
    const bool refused = jump || full || !plausible(entry, link);
    if (refused) {
        refuse(link, entry.machine_id,
               jump   ? "its sequence number jumps too far"
               : full ? "limits.machines is reached"
                      : "cost and hops 0 are the sender's own, and only its own",
               now);
        if (!known) {
            count_refused(link, entry.machine_id, digest, 0);
            return;
        }
    } else if (forget_refused(link, entry.machine_id)) {
        link.want_full = true;  // its catalog, if it came, was refused with it
    }
    if (!known) {
        found = machines_.try_emplace(entry.machine_id).first;
    }
    Exchange& exchange = found->second.at(id);
    exchange.route_epoch = link.epoch;
    if (exchange.heard_route == digest) {
        return;
    }
    link.heard_digest += digest - exchange.heard_route;
    exchange.heard_route = digest;
    if (!refused) {
        learn(id, link, *found, entry, now);
    } else if (!jump) {
        found->second.routes.drop(id);
    }
    touch(*found);
}

void Gossip::learn(LinkId id, const Link& link, Record& record, const envelope::RouteEntry& entry,
                   base::Instant now) {
    LearnedRoute route;
    route.link = id;
    route.sequence = entry.sequence;
    route.announced_cost = entry.cost;
    route.cost = add_saturating(entry.cost, link.cost);
    route.hops = add_saturating(entry.hops, 1);
    route.learned = now;
    if (route.cost == envelope::infinity) {
        record.second.routes.drop(id);  // too far to be reached this way
    } else {
        record.second.routes.hear(route);
    }
}

void Gossip::hear_retraction(LinkId id, Link& link, Record& record) {
    Exchange* exchange = record.second.find(id);
    if (exchange == nullptr || exchange->heard_route == 0) {
        return;
    }
    link.heard_digest -= exchange->heard_route;
    exchange->heard_route = 0;
    exchange->asked = false;
    count_catalog(id, link, record, 0);
    if (&record != own_) {
        record.second.routes.drop(id);
        touch(record);
    }
}

void Gossip::hear_own_route(LinkId id, Link& link, const envelope::RouteEntry& entry,
                            base::Instant now) {
    if (entry.cost == envelope::infinity) {
        hear_retraction(id, link, *own_);
        return;
    }
    const std::uint64_t digest = envelope::route_digest(entry);
    Exchange& exchange = own_->second.at(id);
    exchange.route_epoch = link.epoch;
    link.heard_digest += digest - exchange.heard_route;
    exchange.heard_route = digest;
    if (entry.sequence <= own_number_.sequence()) {
        return;
    }
    if (jumps(own_number_.sequence(), entry.sequence)) {
        refuse(link, entry.machine_id, "its sequence number jumps too far", now);
    } else if (own_number_.sequence_watch.may_jump(now)) {
        own_number_.jump_past(entry.sequence);
        offer_changed(*own_);
        reports_.push_back(
            {Report::Level::info,
             "sequence-restored",
             {{"neighbour", link.neighbour}, {"heard", std::to_string(entry.sequence)}}});
    } else {
        report_duplicate(own_number_.sequence_watch, link, "sequence number", now);
    }
}

// --- catalogs

void Gossip::hear_catalog(LinkId id, Link& link, envelope::Catalog& catalog, base::Instant now) {
    const std::uint64_t digest =
        envelope::catalog_digest(catalog.machine_id, catalog.incarnation, catalog.revision);
    if (catalog.machine_id != own_->first && refuse_machine(id, link, catalog.machine_id, now)) {
        count_refused(link, catalog.machine_id, 0, digest);
        return;
    }
    const auto found = machines_.find(catalog.machine_id);
    const Exchange* exchange = found != machines_.end() ? found->second.find(id) : nullptr;
    if (exchange == nullptr || exchange->heard_route == 0) {
        refuse(link, catalog.machine_id, "a catalog travels with its machine's route", now);
        count_refused(link, catalog.machine_id, 0, digest);
        return;
    }
    count_catalog(id, link, *found, digest);
    if (&*found == own_) {
        hear_own_catalog(link, catalog, now);
        return;
    }
    if (catalog.raw.size() > greatest_catalog) {
        refuse(link, catalog.machine_id, "its catalog is larger than 8 MiB", now);
        return;
    }
    Machine& machine = found->second;
    const bool fresh = !machine.catalog || newer(catalog, *machine.catalog);
    if (!fresh && (machine.catalog_lacks == 0 || newer(*machine.catalog, catalog))) {
        return;
    }
    const std::uint32_t lacks = filter(link, catalog, now);
    if (!fresh && lacks >= machine.catalog_lacks) {
        return;
    }
    machine.catalog_lacks = lacks;
    catalog.services.shrink_to_fit();
    machine.catalog = std::make_unique<envelope::Catalog>(std::move(catalog));
    machine.catalog_digest = digest;
    ++version_;
    note_changed(*found);
    const std::uint64_t offered = machine.offer_digest;
    offer_changed(*found);
    machine.offer_digest = offered;  // the route is what it was
}

// What the neighbour has as the machine's catalog, 0 for none. If it isn't ours, ours has to be
// sent.
void Gossip::count_catalog(LinkId id, Link& link, Record& record, std::uint64_t digest) {
    Exchange& exchange = record.second.at(id);
    exchange.catalog_epoch = link.epoch;
    link.heard_digest += digest - exchange.heard_catalog;
    exchange.heard_catalog = digest;
    const std::uint64_t ours = record.second.catalog_digest;
    if (exchange.announced_catalog != ours && digest != ours && offer_of(record).reachable()) {
        mark_changed(id, link, record, false);
    }
}

void Gossip::hear_own_catalog(Link& link, const envelope::Catalog& catalog, base::Instant now) {
    const envelope::Catalog& ours = *own_->second.catalog;
    if (!newer(catalog, ours) || catalog.incarnation == ~std::uint64_t{0}) {
        return;
    }
    if (own_number_.catalog_watch.may_jump(now)) {
        pass_own_catalog(catalog.incarnation);
    } else {
        auto& unpassed = own_number_.unpassed_incarnation;
        unpassed = std::max(unpassed.value_or(0), catalog.incarnation);
        report_duplicate(own_number_.catalog_watch, link, "catalog", now);
    }
}

// Past all of that life: elsewhere a later revision of it may be remembered.
void Gossip::pass_own_catalog(std::uint64_t incarnation) {
    own_number_.unpassed_incarnation.reset();
    replace_own_catalog(incarnation + 1, 1, own_->second.catalog->services);
    reports_.push_back({Report::Level::info,
                        "catalog-restored",
                        {{"heard_incarnation", std::to_string(incarnation)}}});
}

// --- requests (RFC 8966, 3.8.1.2)

void Gossip::hear_request(LinkId id, Link& link, const envelope::SequenceRequest& request,
                          base::Instant now) {
    const auto found = machines_.find(request.machine_id);
    if (found == machines_.end()) {
        return;
    }
    const bool ours = &*found == own_;
    const Offer offer = offer_of(*found);
    if (jumps(ours ? own_number_.sequence() : found->second.routes.newest(), request.sequence)) {
        refuse(link, request.machine_id, "the number asked for jumps too far", now);
    } else if (offer.reachable() && offer.sequence >= request.sequence) {
        mark_changed(id, link, *found, true);
    } else if (!ours) {
        pass_on(id, *found, request, now);
    } else if (!withdrawn_ && own_number_.request(request.sequence, now)) {
        offer_changed(*own_);
    }
}

// To where our selected route leads; without one, or if it leads to who asks, to everyone else who
// announces it.
void Gossip::pass_on(LinkId from, Record& record, const envelope::SequenceRequest& request,
                     base::Instant now) {
    Machine& machine = record.second;
    if (request.hops_left < 2 ||
        (machine.passed_sequence >= request.sequence && now - machine.passed_at < request_window)) {
        return;
    }
    const LearnedRoute* selected = machine.routes.selected();
    const bool along = selected != nullptr && selected->link != from;
    for (const LearnedRoute& route : machine.routes.all()) {
        if (route.link == from || (along && &route != selected)) {
            continue;
        }
        links_.at(route.link)
            .request(record.first,
                     {request.sequence, static_cast<std::uint8_t>(request.hops_left - 1)});
        machine.passed_sequence = request.sequence;
        machine.passed_at = now;
        ++counters_.requests_passed;
    }
}

}  // namespace jetway::gossip
