#include "envelope/attach.h"
#include "router/router.h"

#include <algorithm>

#include "envelope/address.h"

namespace jetway::router {

using envelope::Kind;
using Level = base::Report::Level;

Router::Router(Options options, base::Random random, base::Instant now,
               std::function<ProcessFigures()> figures)
    : options_(std::move(options)),
      random_(random),
      now_(now),
      gossip_(options_.gossip, options_.machine, options_.incarnation),
      links_(options_.links),
      forwarder_(options_, connections_, neighbours_,
                 [this](const envelope::EnvelopeView& request, const Transit& transit) {
                     on_request(request, transit);
                 }),
      history_(options_.history, now),
      control_({options_, gossip_, connections_, neighbours_, links_, attachments_, forwarder_,
                history_, events_, traffic_, drains_, std::move(figures)},
               now) {
    set_gossip_rules();
    deploy_services({});
    gossip_.set_services(own_catalog(), now);
    record({Event::start, {}, {}});
    announced_attachments_ = attachments_.version();
    refresh();
}

void Router::say(Level level, std::string event,
                 std::vector<std::pair<std::string, std::string>> fields) {
    reports_.push_back({level, std::move(event), std::move(fields)});
}

void Router::arm(Connection& connection) {
    const TerminalId id = connection.terminal.id();
    const base::Instant deadline = connection.terminal.deadline();
    if (deadline != connection.armed) {
        agenda_.erase({connection.armed, id});
        connection.armed = deadline;
        if (deadline != base::never) {
            agenda_.insert({deadline, id});
        }
    }
}

void Router::on_bytes(TerminalId id, base::ByteView bytes,
                      const std::shared_ptr<base::Bytes>* owner, base::Instant now) {
    now_ = now;
    Connection* connection = connections_.find(id);
    if (connection == nullptr || connection->terminal.state() == terminal::State::closing) {
        return;
    }
    connection->terminal.on_bytes(bytes, owner, now, *this);
    if (connection->terminal.output().has_waiting()) {  // a PONG
        forwarder_.list_for_flush(*connection);
    }
    if (connection->probing && connection->terminal.counters().pongs != connection->pongs_before) {
        end_probe(*connection, true);
    }
    if (connection->terminal.state() == terminal::State::closing) {
        let_go(*connection);
    } else if (connection->terminal.deadline() < connection->armed) {
        arm(*connection);
    }
}

// The terminal ended, by its own judgement or the peer's: takes out of the router what stood on it.
void Router::let_go(Connection& connection) {
    if (std::exchange(connection.let_go, true)) {
        return;
    }
    const terminal::Terminal& terminal = connection.terminal;
    const TerminalId id = terminal.id();
    agenda_.erase({connection.armed, id});
    connection.armed = base::never;
    std::erase_if(contests_, [id](const Contest& contest) { return contest.newcomer == id; });
    detach_all(connection);
    forwarder_.forget_sender({.service = id, .link = 0});
    if (std::find(closes_.begin(), closes_.end(), id) == closes_.end()) {
        closes_.push_back(id);
    }
    Neighbour* neighbour = neighbours_.find(connection.neighbour);
    if (neighbour != nullptr && neighbour->terminal == id) {
        neighbour->terminal = 0;
        const bool broken = terminal.closing_code().empty();  // nobody ended it
        if (broken && neighbour->session.numbered() && !shutting_down_) {
            suspend(*neighbour, terminal.closing_message());
        } else {
            end_link(*neighbour, terminal.closing_code(), terminal.closing_message());
        }
    } else if (connection.link && *connection.link < links_.configured().size() &&
               links_.dialled(*connection.link) == id) {
        links_.note_failure(links_.configured()[*connection.link].peer, terminal.closing_code(),
                            terminal.closing_message(), now_);
        dial_failed(*connection.link, now_);
    }
    if (!terminal.is_router() && terminal.closing_code() != "shutdown" &&
        !terminal.closing_code().empty()) {
        say(Level::info, "connection refused",
            {{"peer", terminal.peer_address()},
             {"terminal", terminal.name()},
             {"code", terminal.closing_code()},
             {"why", terminal.closing_message()}});
    }
    connection.link.reset();
}

void Router::close(Connection& connection, std::string_view code, std::string_view message) {
    Neighbour* neighbour = neighbours_.find(connection.neighbour);
    if (neighbour != nullptr && neighbour->terminal == connection.terminal.id()) {
        acknowledge(*neighbour);  // what it needn't send another way
    }
    connection.terminal.close(code, message);
    forwarder_.list_for_flush(connection);
    let_go(connection);
}

void Router::on_closed(TerminalId id, const std::string& why, base::Instant now) {
    now_ = now;
    if (Connection* connection = connections_.find(id)) {
        if (connection->terminal.state() != terminal::State::closing) {
            connection->terminal.close("", why);
            let_go(*connection);
        }
        std::erase(closes_, id);
        forwarder_.count_gone(*connection);
        traffic_.ended(*connection);
        connections_.erase(id);
    }
    settle_contests(now);
}

void Router::on_goodbye(TerminalId from, const envelope::Goodbye& goodbye) {
    const Connection* connection = connections_.find(from);
    if (connection->terminal.is_router() || connection->link) {
        say(goodbye.code == "duplicate" ? Level::debug : Level::info, "goodbye received",
            {{"terminal", connection->terminal.name()},
             {"code", goodbye.code},
             {"why", goodbye.message}});
    }
}

void Router::on_frame(TerminalId from, const envelope::Frame& frame) {
    Connection& connection = *connections_.find(from);
    switch (frame.kind) {
        case Kind::envelope:
            if (Neighbour* neighbour = neighbours_.find(connection.neighbour)) {
                neighbour->session.receive(
                    envelope::header_size + frame.pin.size() + frame.body.size(), now_);
                if (!std::exchange(neighbour->listed_for_ack, true)) {
                    acks_.push_back(neighbour->id);
                }
            }
            if (built_gossip_ != gossip_.table_version() ||
                built_attachments_ != attachments_.version()) {
                refresh();
            }
            forwarder_.on_envelope(connection, frame, now_);
            break;
        case Kind::announce:
            on_announce(connection, frame.body);
            break;
        case Kind::ack:
            on_ack(connection, frame.body);
            break;
        case Kind::hold:
        case Kind::resume:
            on_hold(connection, frame);
            break;
        case Kind::attach:
            on_attach(connection, frame.body);
            break;
        default: {
            base::Result<std::vector<std::string>> names =
                envelope::read_detach(frame.body, options_.terminal.services);
            if (names) {
                detach(connection, *names);
            } else {
                forwarder_.refuse_to(connection, Refusal::forbidden, names.error().detail, now_);
            }
        }
    }
}

void Router::on_attach(Connection& connection, base::ByteView body) {
    const std::size_t most = options_.terminal.services;
    base::Result<std::vector<envelope::ServiceEntry>> services = envelope::read_attach(body, most);
    if (!services) {
        forwarder_.refuse_to(connection, Refusal::forbidden, services.error().detail, now_);
        return;
    }
    std::set<std::string_view> names;
    for (const auto& [name, service] : connection.services) {
        names.insert(name);
    }
    for (const envelope::ServiceEntry& service : *services) {
        names.insert(service.name);
    }
    if (names.size() > most) {
        forwarder_.refuse_to(connection, Refusal::forbidden,
                             "at most " + std::to_string(most) + " services a connection", now_);
    } else if (const Refused why = why_not_attach(connection, *services)) {
        forwarder_.refuse_to(connection, Refusal::forbidden, *why, now_);
    } else {
        attach(connection, *services);
    }
}

// What is attached here is announced at once.
void Router::offer_attachments() {
    if (announced_attachments_ != attachments_.version()) {
        announced_attachments_ = attachments_.version();
        gossip_.set_services(own_catalog(), now_);
    }
}

// The table is built when an envelope needs it: what changes in between costs nothing.
void Router::refresh() {
    offer_attachments();
    if (built_gossip_ == gossip_.table_version() && built_attachments_ == attachments_.version()) {
        return;
    }
    built_gossip_ = gossip_.table_version();
    built_attachments_ = attachments_.version();
    forwarder_.set_table(
        RouteTable::build(gossip_, attachments_, options_.machine, forwarder_.table()));
    settle_policies();
    forwarder_.retry_waiting(now_);
}

void Router::on_deadline(base::Instant now) {
    now_ = now;
    if (!agenda_.empty() && now > agenda_.begin()->first + options_.terminal.hello / 2) {
        excuse_all(now);  // nobody called us when it was time: we were stopped, not the neighbours
    }
    while (!agenda_.empty() && agenda_.begin()->first <= now) {
        Connection* connection = connections_.find(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        if (connection == nullptr) {
            continue;
        }
        connection->armed = base::never;
        connection->terminal.on_deadline(now);
        if (connection->terminal.output().has_waiting()) {
            forwarder_.list_for_flush(*connection);
        }
        if (connection->terminal.state() == terminal::State::closing) {
            let_go(*connection);
        } else {
            arm(*connection);
        }
    }
    run_probes();
    if (drains_checked_ <= now) {
        check_drains();
    }
    settle_contests(now);
    end_suspended(now);
    gossip_.on_deadline(now);
    record({Event::deadline, {}, {}});
    if (forwarder_.waiting() > 0) {
        refresh();
    }
    forwarder_.on_deadline(now);
}

base::Instant Router::next_deadline() const {
    base::Instant next =
        std::min({gossip_.next_deadline(), links_.next_dial(), forwarder_.next_deadline()});
    if (!agenda_.empty()) {
        next = std::min(next, agenda_.begin()->first);
    }
    if (!probes_.empty()) {
        next = std::min(next, probes_.begin()->first);
    }
    for (const Contest& contest : contests_) {
        next = std::min(next, contest.until);
    }
    next = std::min({next, drains_checked_, following_deadline()});
    for (const LinkId id : suspended_) {
        next = std::min(next, neighbours_.find(id)->dies);
    }
    for (const LinkId id : acks_) {
        const Neighbour* neighbour = neighbours_.find(id);
        next = std::min(next, neighbour != nullptr ? neighbour->session.ack_due() : base::never);
    }
    return next;
}

void Router::end_turn(base::Instant now) {
    now_ = now;
    offer_attachments();
    for (gossip::Gossip::Outgoing& announce : gossip_.take_outgoing()) {
        const Neighbour* neighbour = neighbours_.find(announce.link);
        // What a suspended link misses comes whole when it is resumed.
        if (Connection* connection =
                neighbour != nullptr ? connections_.find(neighbour->terminal) : nullptr) {
            connection->terminal.send_control(Kind::announce, announce.body, now);
            forwarder_.list_for_flush(*connection);
            if (connection->terminal.state() == terminal::State::closing) {
                let_go(*connection);
            }
        }
    }
    send_acks(now);
    if (forwarder_.waiting() > 0 || !forwarder_.holds().empty()) {
        refresh();
    }
    forwarder_.flow_turn(now);
    collect_events();
    answer_followers();
}

Router::Effects Router::take_effects() {
    Effects effects;
    effects.dials = links_.take_due(now_);
    effects.writes = forwarder_.take_flushes();
    effects.pauses = forwarder_.take_pauses();
    effects.closes = std::exchange(closes_, {});
    effects.ninep_dials = std::exchange(ninep_dials_, {});
    collect_events();
    effects.reports = std::exchange(reports_, {});
    numbered_reports_ = 0;
    return effects;
}

terminal::OutputQueue* Router::output(TerminalId id) {
    Connection* connection = connections_.find(id);
    return connection != nullptr ? &connection->terminal.output() : nullptr;
}

}  // namespace jetway::router
