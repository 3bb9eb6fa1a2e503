// The part of Router that keeps links over broken connections: whose session a HELLO offers, links
// suspended, resumed and dead, and what is acknowledged (docs/protocol.md, "Reliable sessions
// between routers").
#include <algorithm>

#include "envelope/cursor.h"
#include "envelope/hold.h"
#include "envelope/packer.h"
#include "router/router.h"

namespace jetway::router {

using Level = base::Report::Level;

namespace {
// A link that breaks again so soon after it was resumed isn't redialled at once.
constexpr base::Duration too_soon = std::chrono::milliseconds(100);
constexpr base::Duration breath = std::chrono::milliseconds(10);
// The one that was dialled leaves it to the other for so long, then dials as well: so it learns
// soon that nobody listens there any more.
constexpr base::Duration courtesy = std::chrono::milliseconds(50);
}  // namespace

base::Bytes Router::new_session() {
    base::Bytes id(terminal::Session::id_size);
    for (std::size_t at = 0; at < id.size(); at += sizeof(std::uint64_t)) {
        base::write_be(id.data() + at, random_.next());
    }
    return id;
}

// The session of a link that is new: the dialler's, unless it stands for one that we don't hold.
base::Bytes Router::session_for(const Connection& connection, const envelope::Hello& hello) {
    if (connection.terminal.dialled() || hello.session.empty()) {
        return hello.session;
    }
    const bool ours_once = hello.received > 0 || neighbours_.ended(hello.machine_id, hello.session);
    return ours_once ? new_session() : hello.session;
}

// Whether that HELLO goes on with the link that there is.
bool Router::carries_on(const Neighbour& neighbour, const Connection& connection,
                        const envelope::Hello& hello) const {
    const bool same = neighbour.session.numbered() && hello.session == neighbour.session.id() &&
                      hello.incarnation == neighbour.incarnation &&
                      neighbour.session.can_resume(hello.received);
    // What our HELLO told of it still holds only if no other connection carried it since.
    return same && (!connection.terminal.dialled() ||
                    (neighbour.suspended() && connection.offered == hello.session));
}

void Router::resume(Neighbour& neighbour, Connection& connection, const envelope::Hello& hello) {
    if (Connection* old = connections_.find(std::exchange(neighbour.terminal, 0))) {
        close(*old, "duplicate", "the link goes on over another connection");
    }
    std::erase(suspended_, neighbour.id);
    neighbour.terminal = connection.terminal.id();
    neighbour.since = now_;
    neighbour.dies = base::never;
    ++neighbour.resumed;
    neighbour.resent += neighbour.session.sent() - hello.received;
    Traffic::Link& counts = traffic_.link(neighbour.machine);
    ++counts.resumed;
    counts.resent += neighbour.session.sent() - hello.received;
    connection.neighbour = neighbour.id;
    connection.terminal.accept(neighbour.name, hello);
    if (!connection.terminal.dialled()) {
        envelope::Hello ours = our_hello(connection);
        ours.session = neighbour.session.id();
        ours.received = neighbour.session.received();
        connection.terminal.say_hello(ours, now_);
    }
    neighbour.session.told();
    connection.terminal.carry_on(neighbour.session, hello.received, now_);
    forwarder_.list_for_flush(connection);
    links_.set_up(neighbour.machine, true);
    gossip_.on_link_resumed(neighbour.id, now_);
    forwarder_.on_link_resumed(neighbour, now_);
    arm(connection);
    say(Level::info, "link resumed",
        {{"peer", neighbour.machine},
         {"terminal", neighbour.name},
         {"address", connection.terminal.peer_address()},
         {"resent", std::to_string(neighbour.session.sent() - hello.received)}});
}

// A suspended link is dialled often: it is resumed in time, or never.
void Router::dial_failed(std::size_t link, base::Instant now) {
    const Neighbour* neighbour = neighbours_.to(links_.configured()[link].peer);
    const bool suspended = neighbour != nullptr && neighbour->suspended();
    ++traffic_.link(links_.configured()[link].peer).failed_dials;
    links_.failed(link, neighbour == nullptr || suspended,
                  suspended ? options_.terminal.dead_after / 8 : terminal::Backoff::most, now,
                  random_);
}

void Router::suspend(Neighbour& neighbour, const std::string& why) {
    neighbour.dies = now_ + options_.terminal.dead_after;
    suspended_.push_back(neighbour.id);
    const bool at_once = neighbour.dialled_by_us && now_ >= neighbour.since + too_soon;
    links_.resume_at(neighbour.machine, now_ + (at_once                   ? base::Duration::zero()
                                                : neighbour.dialled_by_us ? breath
                                                                          : courtesy));
    say(Level::info, "link suspended",
        {{"peer", neighbour.machine}, {"terminal", neighbour.name}, {"why", why}});
}

// The link is dead: its routes go, and what it owed goes another way or back.
void Router::end_link(Neighbour& neighbour, const std::string& code, const std::string& why) {
    gossip_.on_link_down(neighbour.id, now_);
    record_link_down(neighbour, code);
    links_.set_down(neighbour.machine, neighbour.since, now_, random_);
    links_.note_failure(neighbour.machine, code, why, now_);
    say(Level::warning, "link down",
        {{"peer", neighbour.machine}, {"terminal", neighbour.name}, {"code", code}, {"why", why}});
    std::erase(suspended_, neighbour.id);
    forwarder_.forget_sender({.service = 0, .link = neighbour.id});
    forwarder_.count_gone(neighbour);
    traffic_.ended(neighbour);
    terminal::Session session = neighbours_.erase(neighbour.id);
    if (session.kept_bytes() > 0) {
        refresh();
        forwarder_.take_back(std::move(session), now_);
    }
}

void Router::end_suspended(base::Instant now) {
    for (const LinkId id : std::vector<LinkId>(suspended_)) {
        Neighbour& neighbour = *neighbours_.find(id);
        if (neighbour.dies <= now) {
            end_link(neighbour, "silent", "the connection broke and was not resumed in time");
        }
    }
}

void Router::on_ack(Connection& connection, base::ByteView body) {
    envelope::Cursor cursor(body);
    std::uint64_t count = 0;
    Neighbour* neighbour = neighbours_.find(connection.neighbour);
    if (neighbour == nullptr || !cursor.read_unsigned(count) || !cursor.at_end() ||
        !neighbour->session.on_ack(count)) {
        close(connection, "bad-frame", "ACK must be the number of ENVELOPE frames received");
    }
}

void Router::on_hold(Connection& connection, const envelope::Frame& frame) {
    const std::optional<std::string_view> destination = envelope::read_hold(frame.body);
    const Neighbour* neighbour = neighbours_.find(connection.neighbour);
    if (neighbour == nullptr || !destination) {
        ++connection.terminal.counters().skipped;
    } else if (frame.kind == envelope::Kind::hold) {
        refresh();
        forwarder_.on_hold(*neighbour, *destination, now_);
    } else {
        forwarder_.on_resume(*neighbour, *destination, now_);
    }
}

void Router::acknowledge(Neighbour& neighbour) {
    Connection* connection = connections_.find(neighbour.terminal);
    if (connection == nullptr || neighbour.session.ack_due() == base::never ||
        !neighbour.session.numbered()) {
        return;
    }
    base::Bytes body;
    envelope::Packer(body).number(neighbour.session.received());
    connection->terminal.send_control(envelope::Kind::ack, body, now_);
    forwarder_.list_for_flush(*connection);
    neighbour.session.told();
}

void Router::send_acks(base::Instant now) {
    std::erase_if(acks_, [&](const LinkId id) {
        Neighbour* neighbour = neighbours_.find(id);
        if (neighbour == nullptr) {
            return true;
        }
        if (neighbour->session.ack_due() <= now) {
            acknowledge(*neighbour);
        }
        // Of one that is suspended the next HELLO tells what was received.
        const bool done = neighbour->suspended() || !neighbour->session.numbered() ||
                          neighbour->session.ack_due() == base::never;
        neighbour->listed_for_ack = !done;
        return done;
    });
}

// We were stopped for a while, and have heard nobody because of that.
void Router::excuse_all(base::Instant now) {
    connections_.for_each([&](Connection& connection) {
        if (connection.terminal.is_router() && connection.terminal.up()) {
            connection.terminal.excuse(now);
            forwarder_.list_for_flush(connection);
        }
        if (connection.probing) {
            end_probe(connection, true);
        }
    });
    for (const LinkId id : suspended_) {
        neighbours_.find(id)->dies = now + options_.terminal.dead_after;
    }
}

}  // namespace jetway::router
