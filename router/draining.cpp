// The part of Router that takes services, or all of itself, out of use (router/drains.h), and the
// control request `drain`.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "router/router.h"

namespace jetway::router {

namespace {

using Json = nlohmann::ordered_json;

constexpr base::Duration least_step = std::chrono::milliseconds(10);
constexpr base::Duration greatest_step = std::chrono::milliseconds(100);
constexpr std::uint64_t greatest_quiet = 600'000;  // ms

base::Duration step_of(const Drains::Drain& drain) {
    return std::clamp<base::Duration>(drain.quiet / 4, least_step, greatest_step);
}

bool is_quiet(const Drains::Drain& drain, base::Instant last, base::Instant now) {
    return now - std::max(drain.since, last) >= drain.quiet;
}

}  // namespace

// The instances of the service that are attached here now.
std::vector<TerminalId> Router::instances_of(std::string_view service) const {
    std::vector<TerminalId> terminals;
    const auto found = attachments_.instances().find(service);
    if (found != attachments_.instances().end()) {
        for (const Instance& instance : found->second) {
            terminals.push_back(instance.terminal);
        }
    }
    return terminals;
}

void Router::drains_changed(const std::vector<std::string>& services) {
    attachments_.changed();
    gossip_.set_transit(drains_.all() == nullptr, now_);
    record({Event::drain, {}, {}});
    for (const std::string& service : services) {
        record_service(service, {Event::drain, {}, {}});
    }
    drains_checked_ = drains_.active() ? now_ : base::never;
    offer_attachments();
}

void Router::drain_all(base::Duration quiet, bool ending, base::Instant now) {
    now_ = now;
    drains_.begin_all(quiet, ending, now);
    registrations_.set_all_draining(true);
    drains_changed(attached_names());
    say(base::Report::Level::info, "draining", {{"what", "all"}});
}

bool Router::drained_all() const {
    return drains_.all() != nullptr && drains_.all()->done;
}

std::vector<std::string> Router::attached_names() const {
    std::vector<std::string> names;
    for (const auto& [name, instances] : attachments_.instances()) {
        names.push_back(name);
    }
    for (const auto& [name, instances] : registrations_.services()) {
        if (attachments_.instances().find(name) == attachments_.instances().end()) {
            names.push_back(name);
        }
    }
    return names;
}

// Whether every instance is done, or gone.
bool Router::check_drain(const std::string& service, const Drains::Drain& drain) const {
    bool left = false;
    for (const TerminalId terminal : instances_of(service)) {
        const Connection& connection = *connections_.find(terminal);
        if (connection.terminal.output().size() > 0 ||
            !is_quiet(drain, connection.last_envelope, now_)) {
            left = true;
        }
    }
    return !left;
}

void Router::detach_drained(const std::string& service) {
    for (const TerminalId terminal : instances_of(service)) {
        Connection& connection = *connections_.find(terminal);
        detach(connection, {service});
        forwarder_.refuse_to(connection, Refusal::forbidden,
                             "`" + service + "` is drained, and detached here (jetway drain)",
                             now_);
    }
}

void Router::check_drains() {
    drains_checked_ = base::never;
    const auto again = [this](const Drains::Drain& drain) {
        drains_checked_ = std::min(drains_checked_, now_ + step_of(drain));
    };
    for (auto& [service, drain] : drains_.services()) {
        if (drain.done) {
            continue;
        }
        drain.done = check_drain(service, drain);
        if (drain.done) {
            detach_drained(service);
            say(base::Report::Level::info, "drained", {{"what", service}});
        } else {
            again(drain);
        }
    }
    Drains::Drain* all = drains_.all();
    if (all == nullptr || all->done) {
        return;
    }
    bool done = true;
    const std::vector<std::string> services = attached_names();
    for (const std::string& service : services) {
        const bool ready = check_drain(service, *all);
        if (ready && !all->ending) {
            detach_drained(service);
        }
        done = done && ready;
    }
    bool alone = services.empty();
    connections_.for_each([&](const Connection& connection) {
        if (connection.terminal.is_router() && connection.terminal.up()) {
            alone = false;
            done = done && connection.terminal.output().size() == 0;
        }
    });
    done = done && forwarder_.waiting() == 0 &&
           (alone || is_quiet(*all, forwarder_.last_transit(), now_));
    all->done = done;
    if (done) {
        say(base::Report::Level::info, "drained", {{"what", "all"}});
    } else {
        again(*all);
    }
}

// `service` or `all` begins a drain, with `undo` ends it; without either it only asks.
base::Result<base::Bytes> Router::drain(const ControlRequest& request) {
    const auto service = request.texts.find("service");
    const auto quiet_ms = request.numbers.find("quietMs");
    const base::Duration quiet = std::chrono::milliseconds(
        quiet_ms == request.numbers.end() ? 1000 : std::min(quiet_ms->second, greatest_quiet));
    if (request.flag("all")) {
        if (!request.flag("undo")) {
            drain_all(quiet, false, now_);
        } else {
            const bool registered = registrations_.set_all_draining(false);
            if (!drains_.undo_all() && !registered) {
                return base::Error{"no-instance", "nothing is drained here"};
            }
            drains_changed(attached_names());
        }
    } else if (service != request.texts.end()) {
        if (request.flag("undo")) {
            const bool registered = registrations_.set_draining(service->second, false);
            if (!drains_.undo(service->second) && !registered) {
                return base::Error{"no-instance",
                                   "`" + service->second + "` isn't draining here: " +
                                       (drains_.all() != nullptr
                                            ? "all of this router is (jetway drain --all --undo)"
                                            : "nothing is to be undone")};
            }
        } else if (instances_of(service->second).empty() && !registrations_.has(service->second)) {
            return base::Error{"no-instance",
                               "no instance of `" + service->second +
                                   "` is attached or registered here: see jetway services"};
        } else {
            drains_.forget_done();
            registrations_.set_draining(service->second, true);
            drains_.begin(service->second, quiet, now_);
            say(base::Report::Level::info, "draining", {{"what", service->second}});
        }
        drains_changed({service->second});
    }
    return drain_state();
}

base::Bytes Router::drain_state() const {
    Json rows = Json::array();
    const auto row = [&](const std::string& name, const Drains::Drain& drain) {
        const std::vector<TerminalId> instances = instances_of(name);
        std::size_t queued = 0;
        base::Instant last = drain.since;
        for (const TerminalId terminal : instances) {
            const Connection& connection = *connections_.find(terminal);
            queued += connection.terminal.output().size();
            last = std::max(last, connection.last_envelope);
        }
        rows.push_back({{"name", name},
                        {"state", drain.done ? "drained" : "draining"},
                        {"instances", drain.done ? 0 : instances.size()},
                        {"queuedBytes", queued},
                        {"quietMs", base::to_microseconds(now_ - last) / 1000}});
    };
    for (const auto& [name, drain] : drains_.services()) {
        row(name, drain);
    }
    if (const Drains::Drain* all = drains_.all()) {
        for (const std::string& name : attached_names()) {
            if (!drains_.services().contains(name)) {
                row(name, *all);
            }
        }
    }
    Json answer{{"schema", "jetway.drain/1"}, {"machineId", options_.machine}};
    answer["all"] = drains_.all() != nullptr;
    answer["done"] = !drains_.active();
    answer["services"] = std::move(rows);
    base::Bytes data;
    Json::to_msgpack(answer, data);
    return data;
}

}  // namespace jetway::router
