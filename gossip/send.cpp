// The half of Gossip that speaks.
#include <algorithm>

#include "gossip/gossip.h"

namespace jetway::gossip {

namespace {

constexpr std::size_t split_at = std::size_t{1} << 20U;
constexpr base::Duration full_interval = std::chrono::seconds(1);

}  // namespace

// Collects one announcement to a link, and splits it before it grows beyond 1 MiB.
class Gossip::Writer {
public:
    Writer(const Gossip& gossip, LinkId id, const Link& link, std::vector<Outgoing>& out)
        : gossip_(gossip), id_(id), link_(link), out_(out) {
        start();
    }

    void begin_full() { full_ = announce_.full = true; }
    void want_full() { announce_.want_full = something_ = true; }
    void heartbeat() { something_ = true; }

    // The sum of what was announced must change after `make_room` and before the next.
    void make_room(std::size_t bytes) {
        if (something_ && size_ + bytes > split_at) {
            announce_.more = true;
            emit();
        }
        size_ += bytes;
        something_ = true;
    }
    void add(envelope::RouteEntry route) { announce_.routes.push_back(std::move(route)); }
    void add(const envelope::Catalog& catalog) {
        announce_.catalogs.emplace_back().raw = catalog.raw;
    }
    void add(envelope::SequenceRequest request) {
        announce_.requests.push_back(std::move(request));
    }

    // False if there was nothing to say.
    bool finish() {
        if (something_ || full_) {
            emit();
        }
        return sent_ != 0;
    }
    std::size_t sent() const { return sent_; }
    std::size_t bytes() const { return bytes_; }

private:
    void start() {
        announce_ = envelope::Announce{};
        announce_.machine_id = gossip_.machine();
        announce_.incarnation = gossip_.incarnation_;
        announce_.full = full_;
        size_ = 256;  // the other keys
        something_ = false;
    }

    void emit() {
        announce_.digest = link_.announced_digest;
        Outgoing& outgoing = out_.emplace_back(Outgoing{id_, {}});
        outgoing.body.reserve(size_);
        envelope::append_announce(outgoing.body, announce_);
        bytes_ += outgoing.body.size();
        ++sent_;
        start();
    }

    const Gossip& gossip_;
    LinkId id_;
    const Link& link_;
    std::vector<Outgoing>& out_;
    envelope::Announce announce_;
    bool full_ = false;
    bool something_ = false;
    std::size_t size_ = 0;
    std::size_t sent_ = 0;
    std::size_t bytes_ = 0;
};

Offer Gossip::offer_of(const Record& record) const {
    if (withdrawn_) {
        return Offer{};
    }
    if (&record == own_) {
        return Offer{own_number_.sequence(), 0, 0};
    }
    return transit_ ? record.second.routes.offer() : Offer{};
}

std::vector<Gossip::Outgoing> Gossip::take_outgoing() {
    std::vector<Outgoing> out;
    for (auto& [id, link] : links_) {
        if (link.due() <= now_) {
            write_link(id, link, out);
        }
    }
    return out;
}

void Gossip::write_link(LinkId id, Link& link, std::vector<Outgoing>& out) {
    Writer writer(*this, id, link, out);
    if (link.send_full && link.full_at <= now_) {
        write_full(id, link, writer);
    } else {
        write_changes(id, link, writer);
    }
    for (const auto& [machine, request] : link.requests) {
        writer.make_room(machine.size() + 16);
        writer.add(envelope::SequenceRequest{machine, request.sequence, request.hops_left});
    }
    link.requests.clear();
    if (link.want_full && link.want_full_at <= now_) {
        link.want_full = false;
        link.want_full_at = now_ + full_interval;
        ++counters_.full_asked;
        writer.want_full();
    }
    if (link.heartbeat) {
        link.heartbeat = false;
        writer.heartbeat();
    }
    if (writer.finish()) {
        link.burst_at = now_ + options_.min_interval;
        counters_.announces_sent += writer.sent();
        counters_.bytes_announced += writer.bytes();
    }
}

// All that is offered; the neighbour drops what isn't in it.
void Gossip::write_full(LinkId id, Link& link, Writer& writer) {
    link.send_full = false;
    link.full_at = now_ + full_interval;
    link.announced_digest = 0;
    link.changed.clear();
    ++counters_.full_sent;
    writer.begin_full();
    std::vector<Record*> silent;
    for (Record& record : machines_) {
        Exchange* exchange = record.second.find(id);
        if (exchange != nullptr) {
            exchange->changed = exchange->repeat = exchange->retract = false;
            exchange->announced_route = exchange->announced_catalog = 0;
        }
        if (offer_of(record).reachable()) {
            write_machine(link, record, record.second.at(id), writer);
        } else if (exchange != nullptr) {
            silent.push_back(&record);
        }
    }
    for (Record* record : silent) {
        tidy(*record);
    }
}

void Gossip::write_changes(LinkId id, Link& link, Writer& writer) {
    std::vector<Record*> changed;
    changed.swap(link.changed);
    std::sort(changed.begin(), changed.end(),
              [](const Record* a, const Record* b) { return a->first < b->first; });
    for (Record* record : changed) {
        Exchange& exchange = record->second.at(id);
        exchange.changed = false;
        write_machine(link, *record, exchange, writer);
        exchange.repeat = false;
        tidy(*record);
    }
}

// What the link has not been told yet of the machine. What is written here counts as announced.
void Gossip::write_machine(Link& link, Record& record, Exchange& exchange, Writer& writer) {
    Machine& machine = record.second;
    const Offer offer = offer_of(record);
    const std::size_t route_size = record.first.size() + 24;
#ifdef JETWAY_WITHOUT_RETRACTIONS  // a test build: the simulator must find what comes of it
    if (!offer.reachable()) {
        return;
    }
#endif
    if (exchange.announced_route != 0 && (exchange.retract || !offer.reachable())) {
        writer.make_room(route_size);
        const std::uint64_t sequence =
            &record == own_ ? own_number_.sequence() : machine.routes.newest();
        writer.add(envelope::RouteEntry{record.first, sequence, envelope::infinity, 0});
        link.announced_digest -= exchange.announced_route + exchange.announced_catalog;
        exchange.announced_route = exchange.announced_catalog = 0;
    }
    exchange.retract = false;
    if (!offer.reachable()) {
        return;
    }
    envelope::RouteEntry entry{record.first, offer.sequence, offer.cost, offer.hops};
    if (machine.offer_digest == 0) {
        machine.offer_digest = envelope::route_digest(entry);
    }
    if (exchange.announced_route != machine.offer_digest || exchange.repeat) {
        writer.make_room(route_size);
        writer.add(std::move(entry));
        link.announced_digest += machine.offer_digest - exchange.announced_route;
        exchange.announced_route = machine.offer_digest;
        if (machine.routes.announced()) {
            ++version_;
        }
    }
    // A neighbour that announces this very catalog to us needn't be told it.
    if (machine.catalog && exchange.announced_catalog != machine.catalog_digest &&
        exchange.heard_catalog != machine.catalog_digest) {
        writer.make_room(machine.catalog->raw.size() + 8);
        writer.add(*machine.catalog);
        link.announced_digest += machine.catalog_digest - exchange.announced_catalog;
        exchange.announced_catalog = machine.catalog_digest;
    }
}

}  // namespace jetway::gossip
