#include "router/history.h"

#include <algorithm>
#include <array>

namespace jetway::router {

namespace {

constexpr std::array<std::string_view, 11> event_names{
    "start",       "link-up",  "announcement", "link-down", "attach",      "detach",
    "reconfigure", "deadline", "drain",        "probe",     "registration"};
constexpr std::size_t longest_code = 64;  // bytes of a link's closing code, which a peer may choose

// Where the service of that name is, or would be.
template <typename Services>
auto place(Services& services, std::string_view name) {
    return std::lower_bound(
        services.begin(), services.end(), name,
        [](const auto& one, std::string_view text) { return one.first.text() < text; });
}

}  // namespace

std::string_view event_name(Event event) {
    return event_names[static_cast<std::size_t>(event)];
}

std::optional<Way> History::StoredWay::view() const {
    if (!neighbour) {
        return std::nullopt;
    }
    return Way{neighbour.text(), terminal.text(), cost, hops};
}

// --- what is told

void History::note(std::string_view machine, const std::optional<Way>& way,
                   const envelope::Catalog* catalog, const Cause& cause, base::Instant now) {
    auto found = states_.find(machine);
    if (most_ == 0 || (found == states_.end() && !way && catalog == nullptr)) {
        return;
    }
    if (found == states_.end()) {
        found = states_.try_emplace(std::string(machine)).first;
    }
    State& state = found->second;
    // A new machine's services come before the way to it, and are gone after it: so whoever goes
    // through the changes knows at each change of the way which services it concerns.
    if (!state.way.neighbour) {
        set_services(machine, state, catalog, cause, now);
    }
    set_way(machine, state, way, cause, now);
    set_services(machine, state, catalog, cause, now);
    if (!way && catalog == nullptr) {
        states_.erase(found);
    }
}

void History::set_way(std::string_view machine, State& state, const std::optional<Way>& way,
                      const Cause& cause, base::Instant now) {
    if (state.way.view() == way) {
        return;
    }
    StoredWay fresh = store(way);
    Entry& entry = record(machine, cause, now);
    entry.way_before = std::exchange(state.way, fresh);
    entry.way_after = std::move(fresh);
}

void History::set_services(std::string_view machine, State& state, const envelope::Catalog* catalog,
                           const Cause& cause, base::Instant now) {
    const bool same = catalog == nullptr
                          ? !state.read && state.services.empty()
                          : state.read && state.incarnation == catalog->incarnation &&
                                state.revision == catalog->revision;
    if (same) {
        return;
    }
    Services fresh;
    if (catalog != nullptr) {
        fresh = listed(*catalog);
        state.incarnation = catalog->incarnation;
        state.revision = catalog->revision;
    }
    state.read = catalog != nullptr;
    const Services old = std::exchange(state.services, std::move(fresh));
    auto before = old.begin();
    auto after = state.services.cbegin();
    while (before != old.end() || after != state.services.cend()) {
        const bool gone = after == state.services.cend() ||
                          (before != old.end() && before->first.text() < after->first.text());
        const bool came = !gone && (before == old.end() || before->first != after->first);
        if (gone) {
            record_service(machine, before->first, before->second, std::nullopt, cause, now);
        } else if (came) {
            record_service(machine, after->first, std::nullopt, after->second, cause, now);
        } else if (before->second != after->second) {
            record_service(machine, after->first, before->second, after->second, cause, now);
        }
        before += came ? 0 : 1;
        after += gone ? 0 : 1;
    }
}

void History::note_service(std::string_view machine, std::string_view service,
                           std::optional<ServiceState> now_is, const Cause& cause,
                           base::Instant now) {
    if (most_ == 0) {
        return;
    }
    State& state = states_[std::string(machine)];
    const auto at = place(state.services, service);
    const bool known = at != state.services.end() && at->first.text() == service;
    const std::optional<ServiceState> before =
        known ? std::optional<ServiceState>(at->second) : std::nullopt;
    if (before == now_is) {
        return;
    }
    const Name name = known ? at->first : names_.name(service);
    if (!now_is) {
        state.services.erase(at);
    } else if (known) {
        at->second = *now_is;
    } else {
        state.services.emplace(at, name, *now_is);
    }
    record_service(machine, name, before, now_is, cause, now);
}

// --- what is kept

History::StoredWay History::store(const std::optional<Way>& way) {
    if (!way) {
        return {};
    }
    return {names_.name(way->neighbour), names_.name(way->terminal), way->cost, way->hops};
}

// A catalog has an entry for each instance, of a service once.
History::Services History::listed(const envelope::Catalog& catalog) {
    Services services;
    services.reserve(catalog.services.size());
    for (const envelope::CatalogService& entry : catalog.services) {
        services.emplace_back(
            names_.name(entry.service.name),
            ServiceState{entry.health, entry.health == envelope::Health::up ? 1U : 0U});
    }
    std::stable_sort(services.begin(), services.end(),
                     [](const auto& a, const auto& b) { return a.first.text() < b.first.text(); });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < services.size(); ++i) {
        if (services[i].first != services[kept].first) {
            ++kept;
            if (kept != i) {
                services[kept] = std::move(services[i]);
            }
            continue;
        }
        ServiceState& one = services[kept].second;
        one.up += services[i].second.up;
        one.health = one.up > 0 ? envelope::Health::up : one.health;
    }
    services.resize(std::min(services.size(), kept + 1));
    services.shrink_to_fit();
    return services;
}

History::Entry& History::record(std::string_view machine, const Cause& cause, base::Instant now) {
    while (entries_.size() >= most_) {
        reach_ = entries_.front().at;
        entries_.pop_front();
    }
    ++recorded_;
    ++recorded_by_[static_cast<std::size_t>(cause.event)];
    Entry& entry = entries_.emplace_back();
    entry.at = now;
    entry.machine = names_.name(machine);
    entry.event = cause.event;
    entry.cause_of = names_.name(cause.of);
    entry.cause_code = names_.name(cause.code.substr(0, longest_code));
    return entry;
}

void History::record_service(std::string_view machine, const Name& service,
                             std::optional<ServiceState> before, std::optional<ServiceState> after,
                             const Cause& cause, base::Instant now) {
    Entry& entry = record(machine, cause, now);
    entry.service = service;
    entry.service_before = before;
    entry.service_after = after;
}

// --- reading

Change History::view(const Entry& entry, std::uint64_t number) {
    return {.number = number,
            .at = entry.at,
            .machine = entry.machine.text(),
            .service = entry.service.text(),
            .way_before = entry.way_before.view(),
            .way_after = entry.way_after.view(),
            .service_before = entry.service_before,
            .service_after = entry.service_after,
            .cause = {entry.event, entry.cause_of.text(), entry.cause_code.text()}};
}

// The machines that list the service now.
std::set<std::string_view> History::listing(std::string_view service) const {
    std::set<std::string_view> machines;
    for (const auto& [name, state] : states_) {
        const auto at = place(state.services, service);
        if (at != state.services.end() && at->first.text() == service) {
            machines.insert(name);
        }
    }
    return machines;
}

History::Answer History::changes(const Query& query) const {
    Answer answer;
    std::set<std::string_view> listing_it = listing(query.of);
    std::uint64_t number = recorded_ + 1;
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        --number;
        const std::string_view machine = entry->machine.text();
        const bool its_own = entry->service && entry->service.text() == query.of;
        const bool concerned = query.of.empty() || machine == query.of || its_own ||
                               (!entry->service && listing_it.contains(machine));
        if (its_own && entry->service_before) {
            listing_it.insert(machine);
        } else if (its_own) {
            listing_it.erase(machine);
        }
        if (!concerned || (query.before != 0 && number >= query.before)) {
            continue;
        }
        if (answer.changes.size() == query.limit) {
            answer.more = true;
            break;
        }
        answer.changes.push_back(view(*entry, number));
    }
    return answer;
}

void History::undo(States& states, const Entry& entry) {
    State& state = states[std::string(entry.machine.text())];
    if (!entry.service) {
        state.way = entry.way_before;
        return;
    }
    const auto at = place(state.services, entry.service.text());
    const bool known = at != state.services.end() && at->first == entry.service;
    if (!entry.service_before) {
        if (known) {
            state.services.erase(at);
        }
    } else if (known) {
        at->second = *entry.service_before;
    } else {
        state.services.emplace(at, entry.service, *entry.service_before);
    }
}

std::vector<History::Machine> History::table_at(base::Instant at) const {
    std::vector<Machine> table;
    if (at < reach_) {
        return table;
    }
    States states = states_;
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && entry->at > at; ++entry) {
        undo(states, *entry);
    }
    for (const auto& [name, state] : states) {
        if (!state.way.neighbour && state.services.empty()) {
            continue;
        }
        Machine& machine = table.emplace_back(Machine{name, state.way.view(), {}});
        machine.services.reserve(state.services.size());
        for (const auto& [service, is] : state.services) {
            machine.services.emplace_back(service.text(), is);
        }
    }
    return table;
}

}  // namespace jetway::router
