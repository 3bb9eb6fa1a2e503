// The part of Router that asks services whether they live: a PING every balance.probe_interval to
// each that attached a name. One that has answered PINGs before and leaves balance.unhealthy_after
// of them unanswered is announced as `unhealthy`, and no longer chosen; it stays connected, and is
// back after balance.healthy_after answers.
//
// Nothing is held against one that has bytes queued or a hold, for it is slow rather than dead, nor
// against one that has never answered any: not every client does.
#include "router/router.h"

namespace jetway::router {

void Router::arm_probe(Connection& connection) {
    const TerminalId id = connection.terminal.id();
    const base::Instant due = connection.health ? connection.health->next_deadline() : base::never;
    if (due != connection.probe_armed) {
        probes_.erase({connection.probe_armed, id});
        connection.probe_armed = due;
        if (due != base::never) {
            probes_.insert({due, id});
        }
    }
}

// It has attached a name, or no longer has any.
void Router::probe_if_service(Connection& connection) {
    const bool wanted = !connection.services.empty();
    if (wanted && !connection.health) {
        connection.health.emplace(options_.balance, now_ + options_.balance.probe_interval);
    } else if (!wanted) {
        connection.health.reset();
        connection.probing = false;
        connection.unhealthy = false;
    }
    arm_probe(connection);
}

void Router::run_probes() {
    while (!probes_.empty() && probes_.begin()->first <= now_) {
        Connection* connection = connections_.find(probes_.begin()->second);
        if (connection == nullptr || !connection->health) {
            probes_.erase(probes_.begin());
            continue;
        }
        if (connection->probing) {
            end_probe(*connection, connection->terminal.last_heard() > connection->probed_at);
            continue;
        }
        connection->health->set_options(options_.balance);
        connection->health->begin_probe(now_);
        connection->probing = true;
        connection->probed_at = now_;
        connection->pongs_before = connection->terminal.counters().pongs;
        connection->terminal.probe(now_);
        forwarder_.list_for_flush(*connection);
        if (connection->terminal.state() == terminal::State::closing) {
            let_go(*connection);
        } else {
            arm_probe(*connection);
        }
    }
}

void Router::end_probe(Connection& connection, bool alive) {
    connection.probing = false;
    const bool excused = connection.terminal.counters().pongs == 0 ||
                         connection.terminal.output().size() > 0 || connection.paused ||
                         forwarder_.holds().crowded(connection.terminal.id());
    const bool good = alive || (excused && connection.health->usable());
    const balance::Health::Change change = connection.health->on_probe(good, now_);
    arm_probe(connection);
    if (change == balance::Health::Change::none) {
        return;
    }
    connection.unhealthy = !connection.health->usable();
    attachments_.set_healthy(connection, !connection.unhealthy);
    for (const auto& [name, service] : connection.services) {
        record_service(name, {Event::probe, connection.client, {}});
    }
    say(connection.unhealthy ? base::Report::Level::warning : base::Report::Level::info,
        connection.unhealthy ? "service doesn't answer" : "service answers again",
        {{"terminal", connection.terminal.name()}});
}

}  // namespace jetway::router
