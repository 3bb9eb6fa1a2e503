// What follows from what was heard: the choice of each machine that it concerned, the requests for
// newer numbers, and the forgetting.
#include <algorithm>

#include "base/ensure.h"
#include "gossip/gossip.h"

namespace jetway::gossip {

namespace {

constexpr base::Duration request_repeat = std::chrono::milliseconds(250);
constexpr base::Duration distance_kept = std::chrono::minutes(10);
constexpr std::uint8_t slowest_ask = 8;  // doublings of request_repeat: 64 s
constexpr std::uint8_t request_hops = 255;

}  // namespace

void Gossip::touch(Record& record) {
    if (!record.second.touched) {
        record.second.touched = true;
        touched_.push_back(&record);
    }
}

void Gossip::note_changed(Record& record) {
    if (record.second.changed_in != call_) {
        record.second.changed_in = call_;
        changed_.push_back(record.first);
    }
}

void Gossip::settle_touched(base::Instant now) {
    std::vector<Record*> touched;
    touched.swap(touched_);
    for (Record* record : touched) {
        settle(*record, now);
    }
}

// Chooses the machine's route afresh, and starts or stops asking for a newer number.
void Gossip::settle(Record& record, base::Instant now) {
    Machine& machine = record.second;
    ensure(&record != own_, "no route to our own machine is ever chosen");
    machine.touched = false;
    ++version_;
    note_changed(record);
    const auto selected_link = [&machine] {
        const LearnedRoute* selected = machine.routes.selected();
        return selected != nullptr ? selected->link : LinkId{0};
    };
    const LinkId former = selected_link();
    if (machine.routes.select([this](LinkId a, LinkId b) { return before(a, b); })) {
        offer_changed(record);
        ++selected_version_;
    } else if (selected_link() != former) {
        ++selected_version_;
    }
    if (!machine.announced_by_anyone()) {
        forget_catalog(record);
        machine.asks = 0;
        machine.forgetting = machine.routes.distance().has_value();
        set_due(record, machine.forgetting ? now + distance_kept : base::never);
        tidy(record);
        return;
    }
    if (machine.forgetting || !machine.routes.starves()) {
        machine.forgetting = false;
        machine.asks = 0;
        set_due(record, base::never);
        for (Exchange& exchange : machine.exchanges) {
            exchange.asked = false;
        }
    }
    if (machine.routes.starves()) {
        if (machine.routes.selected() == nullptr) {
            ask(record, now);
            set_due(record, std::min(machine.due, now + request_repeat));
        } else if (machine.due == base::never) {
            // A better route that isn't feasible: most often the newer number is on its way.
            set_due(record, now + request_repeat);
        }
    }
}

void Gossip::set_due(Record& record, base::Instant due) {
    if (record.second.due != due) {
        due_.erase({record.second.due, record.first});
        record.second.due = due;
        if (due != base::never) {
            due_.emplace(due, record.first);
        }
    }
}

void Gossip::on_machine_due(Record& record, base::Instant now) {
    Machine& machine = record.second;
    set_due(record, base::never);
    if (machine.forgetting) {
        machine.forgetting = false;
        machine.routes = MachineRoutes();
        tidy(record);
        return;
    }
    for (Exchange& exchange : machine.exchanges) {
        exchange.asked = false;
    }
    ask(record, now);
    // Without any route, as fast as ever. For a better one than the present it's no haste, and who
    // announces it may be lying.
    if (machine.routes.selected() == nullptr) {
        set_due(record, now + request_repeat);
    } else {
        machine.asks = std::min<std::uint8_t>(slowest_ask, machine.asks + 1U);
        set_due(record, now + request_repeat * (1U << machine.asks));
    }
}

// RFC 8966, 3.8.2.1 and 3.8.2.2: asks those whose routes would be taken, were they feasible, for a
// number at which they are.
void Gossip::ask(Record& record, base::Instant now) {
    Machine& machine = record.second;
    const auto& distance = machine.routes.distance();
    if (!distance || distance->sequence == ~std::uint64_t{0}) {
        return;
    }
    const std::uint64_t sequence = distance->sequence + 1;
    for (const LearnedRoute& route : machine.routes.all()) {
        Exchange& exchange = machine.at(route.link);
        if (exchange.asked || !machine.routes.worth_asking(route)) {
            continue;
        }
        exchange.asked = true;
        links_.at(route.link).request(record.first, {sequence, request_hops});
        ++counters_.requests_sent;
        machine.passed_sequence = sequence;
        machine.passed_at = now;
    }
}

// Whoever was told the catalog may count on our having it, so it hears of the retraction even if
// the machine is back before it was sent.
void Gossip::forget_catalog(Record& record) {
    record.second.catalog.reset();
    record.second.catalog_digest = 0;
    record.second.catalog_lacks = 0;
    for (Exchange& exchange : record.second.exchanges) {
        exchange.retract = exchange.announced_route != 0;
    }
}

// Forgets what says nothing any more. True if it is gone.
bool Gossip::tidy(Record& record) {
    Machine& machine = record.second;
    std::erase_if(machine.exchanges, [](const Exchange& e) { return e.empty(); });
    if (&record == own_ || !machine.exchanges.empty() || machine.routes.distance() ||
        machine.touched) {
        return false;
    }
    ensure(machine.due == base::never, "a machine that nobody announces waits for nothing");
    const bool was_full = known_machines() == options_.max_machines;
    machines_.erase(machines_.find(record.first));
    for (auto& [id, link] : links_) {
        link.want_full = link.want_full || (was_full && !link.refused.empty());
    }
    return true;
}

void Gossip::offer_changed(Record& record) {
    record.second.offer_digest = 0;
    const bool reachable = offer_of(record).reachable();
    for (auto& [id, link] : links_) {
        const Exchange* exchange = record.second.find(id);
        if (reachable || (exchange != nullptr && exchange->announced_route != 0)) {
            mark_changed(id, link, record, false);
        }
    }
}

void Gossip::mark_changed(LinkId id, Link& link, Record& record, bool repeat) {
    Exchange& exchange = record.second.at(id);
    exchange.repeat = exchange.repeat || repeat;
    if (!exchange.changed) {
        exchange.changed = true;
        link.changed.push_back(&record);
    }
}

}  // namespace jetway::gossip
