// The part of World that carries bytes.
#include <algorithm>
#include <utility>

#include "base/ensure.h"
#include "sim/world.h"

namespace jetway::sim {

namespace {
constexpr std::size_t socket_buffer = std::size_t{256}
                                      << 10U;  // under way before a writer has to wait
constexpr base::Duration local_latency = std::chrono::microseconds(10);
}  // namespace

ConnectionId World::open(std::optional<std::size_t> link, const End& dialler, const End& listener) {
    const auto id = static_cast<ConnectionId>(connections_.size());
    connections_.push_back(std::make_unique<Connection>());
    Connection& connection = *connections_.back();
    connection.link = link;
    connection.ends[0] = dialler;
    connection.ends[1] = listener;
    for (const End& end : connection.ends) {
        if (end.actor == nullptr) {
            hosts_[end.host]->connections.emplace(end.terminal, id);
        }
    }
    if (link) {
        by_link_[*link].push_back(id);
    }
    return id;
}

ConnectionId World::connect(HostId id, router::Entry entry, Actor& actor) {
    Host& host = *hosts_[id];
    const TerminalId terminal =
        runs(id) ? host.router->accepted({.by = entry, .peer_address = "actor"}, now_) : 0;
    actor.connection = 0;
    if (terminal != 0) {
        actor.connection = open(std::nullopt, {.host = id, .terminal = 0, .actor = &actor},
                                {.host = id, .terminal = terminal, .actor = nullptr});
        turn(id);
    }
    return actor.connection;
}

void World::send(Actor& actor, base::Bytes bytes) {
    if (actor.connection != 0) {
        put(actor.connection, 1, std::move(bytes));
    }
}

void World::hang_up(Actor& actor) {
    if (const ConnectionId id = std::exchange(actor.connection, 0); id != 0) {
        close_end(id, 0);
    }
}

void World::resume_reading(Actor& actor) {
    actor.reading = true;
    if (actor.connection != 0) {
        kick(actor.connection);
    }
}

bool World::stalled(const Connection& connection, std::uint8_t to) const {
    const End& end = connection.ends[to];
    if (end.actor != nullptr) {
        return !end.actor->reading;
    }
    if (hosts_[end.host]->paused.contains(end.terminal)) {
        return true;
    }
    return connection.link && states_[*connection.link]
                                  .stalled[topology_.links[*connection.link].a == end.host ? 0 : 1];
}

// All that a router has for one terminal, as one gathered write.
void World::flush(HostId id, TerminalId terminal) {
    Host& host = *hosts_[id];
    const auto found = host.connections.find(terminal);
    terminal::OutputQueue* output = host.router->output(terminal);
    if (found == host.connections.end() || output == nullptr || !output->has_waiting()) {
        return;
    }
    Connection& connection = *connections_[found->second];
    const std::uint8_t to =
        connection.ends[0].terminal == terminal && connection.ends[0].host == id ? 1 : 0;
    Way& way = connection.to[to];
    if (way.bytes > socket_buffer && stalled(connection, to)) {
        return;
    }
    if (way.free_at > now_ + std::chrono::milliseconds(2)) {
        if (!std::exchange(way.waiting, true)) {
            add(way.free_at, What::flush, id, host.life, 0, terminal);
        }
        return;
    }
    way.waiting = false;
    const std::size_t size = output->waiting();
    base::Bytes bytes;
    bytes.reserve(size);
    for (const base::Chunk& chunk : output->take()) {
        base::append(bytes, chunk.view());
    }
    output->written(size);
    if (observer_->sniffing() && !connection.broken) {
        way.sent.feed(bytes, nullptr, [&](const envelope::Frame& frame) {
            if (frame.kind == envelope::Kind::envelope) {
                observer_->on_sent(*this, id, terminal, frame);
            } else {
                observer_->on_other_sent(*this, id, terminal, frame);
            }
            return true;
        });
    }
    link_bytes_ += connection.link ? size : 0;
    put(found->second, to, std::move(bytes));
}

void World::put(ConnectionId id, std::uint8_t to, base::Bytes bytes) {
    Connection& connection = *connections_[id];
    if (connection.broken || bytes.empty()) {
        return;
    }
    Way& way = connection.to[to];
    way.free_at = std::max(way.free_at, now_);
    base::Duration latency = local_latency;
    if (connection.link) {
        const Link& link = topology_.links[*connection.link];
        latency = link.latency;
        if (link.jitter.count() > 0) {
            latency +=
                base::Duration(random_.below(static_cast<std::uint64_t>(link.jitter.count())));
        }
        if (link.bandwidth > 0) {
            way.free_at += base::Duration(bytes.size() * 1'000'000'000 / link.bandwidth);
        }
    }
    way.latest = std::max(way.latest, way.free_at + latency);
    way.bytes += bytes.size();
    way.pieces.push_back({std::move(bytes), way.latest});
    add(way.latest, What::arrival, id, 0, to);
}

void World::deliver(ConnectionId id, std::uint8_t end) {
    if (!connections_[id]) {
        return;
    }
    Connection& connection = *connections_[id];
    Way& way = connection.to[end];
    if (stalled(connection, end)) {
        return;
    }
    End& to = connection.ends[end];
    Host& host = *hosts_[to.host];
    const bool there = to.actor != nullptr || (to.terminal != 0 && host.router);
    if (!way.pieces.empty()) {
        if (way.pieces.front().arrives > now_) {
            return;
        }
        const base::Bytes bytes = std::move(way.pieces.front().bytes);
        way.pieces.pop_front();
        way.bytes -= bytes.size();
        note(bytes.size());
        if (!there) {
            if (host.router &&
                !connection.to[1 - end]
                     .ends) {  // it was started again: it knows of no such connection
                close_end(id, end);
            }
            return;
        }
        if (to.actor != nullptr) {
            to.actor->on_bytes(*this, bytes);
        } else {
            if (observer_->sniffing()) {
                way.arrived.feed(bytes, nullptr, [&](const envelope::Frame& frame) {
                    if (frame.kind == envelope::Kind::envelope) {
                        observer_->on_envelope(*this, to.host,
                                               connection.link
                                                   ? std::optional(connection.ends[1 - end].host)
                                                   : std::nullopt,
                                               frame);
                    }
                    return true;
                });
            }
            const HostId receiver = to.host;
            host.router->on_bytes(to.terminal, bytes, nullptr, now_);
            turn(receiver);
        }
        if (connections_[id]) {  // there is room again for its writer
            const End& writer = connections_[id]->ends[1 - end];
            if (writer.actor == nullptr && writer.terminal != 0 && hosts_[writer.host]->router) {
                flush(writer.host, writer.terminal);
                turn(writer.host);  // its queue may be short enough for others to go on
            }
        }
        return;
    }
    if (way.ends) {
        Actor* actor = to.actor;
        const TerminalId terminal = to.terminal;
        const HostId receiver = to.host;
        close_end(id, end);
        if (actor != nullptr) {
            actor->connection = 0;
            actor->on_closed(*this);
        } else if (there) {
            host.connections.erase(terminal);
            host.router->on_closed(terminal, "the peer closed", now_);
            turn(receiver);
        }
    }
}

// One end is done with the connection. The other reads what is under way to it, and then learns of
// it.
void World::close_end(ConnectionId id, std::uint8_t end) {
    Connection& connection = *connections_[id];
    connection.ends[end].terminal = 0;
    connection.ends[end].actor = nullptr;
    connection.to[end].pieces.clear();
    connection.to[end].ends = true;
    connection.to[end].bytes = 0;
    Way& way = connection.to[1 - end];
    const End& other = connection.ends[1 - end];
    if (other.terminal == 0 && other.actor == nullptr && way.ends) {
        if (connection.link) {
            std::erase(by_link_[*connection.link], id);
        }
        connections_[id].reset();
        return;
    }
    if (!std::exchange(way.ends, true)) {
        const base::Duration latency =
            connection.link ? topology_.links[*connection.link].latency : local_latency;
        way.latest = std::max(way.latest, now_ + latency);
        add(way.latest, What::arrival, id, 0, static_cast<std::uint8_t>(1 - end));
    }
}

void World::break_connection(ConnectionId id, bool torn) {
    Connection& connection = *connections_[id];
    connection.broken = true;
    for (std::uint8_t end = 0; end < 2; ++end) {
        Way& way = connection.to[end];
        if (torn && !way.pieces.empty()) {
            way.pieces.resize(1);
            base::Bytes& bytes = way.pieces.front().bytes;
            bytes.resize(1 + random_.below(bytes.size()));
            way.pieces.front().arrives = now_;
            way.bytes = bytes.size();
            add(now_, What::arrival, id, 0, end);
        } else {
            way.pieces.clear();
            way.bytes = 0;
        }
        way.ends = true;
        add(now_, What::arrival, id, 0, end);
    }
}

void World::reset(std::size_t link, bool torn) {
    story("the link " + host(topology_.links[link].a).name + "-" +
          host(topology_.links[link].b).name + " breaks" +
          (torn ? ", in the midst of a frame" : ""));
    for (const ConnectionId id : std::vector<ConnectionId>(by_link_[link])) {
        break_connection(id, torn);
    }
}

void World::cut(std::size_t link) {
    states_[link].cut = true;
    reset(link, false);
}

void World::stall(std::size_t link, bool to_a, bool to_b) {
    const Link& of = topology_.links[link];
    story("the link " + host(of.a).name + "-" + host(of.b).name + " falls silent" +
          (to_a ? " to " + host(of.a).name : "") + (to_b ? " to " + host(of.b).name : ""));
    states_[link].stalled[0] = states_[link].stalled[0] || to_a;
    states_[link].stalled[1] = states_[link].stalled[1] || to_b;
}

void World::mend(std::size_t link) {
    if (!states_[link].cut && !states_[link].stalled[0] && !states_[link].stalled[1]) {
        return;
    }
    story("the link " + host(topology_.links[link].a).name + "-" +
          host(topology_.links[link].b).name + " is mended");
    states_[link] = {};
    for (const ConnectionId id : by_link_[link]) {
        kick(id);
    }
}

// What stood still moves again.
void World::kick(ConnectionId id) {
    Connection& connection = *connections_[id];
    for (std::uint8_t end = 0; end < 2; ++end) {
        Way& way = connection.to[end];
        for (const Way::Piece& piece : way.pieces) {
            add(piece.arrives, What::arrival, id, 0, end);
        }
        if (way.ends) {
            add(way.latest, What::arrival, id, 0, end);
        }
    }
}

bool World::lose(std::size_t link, bool to_a) {
    bool any = false;
    for (const ConnectionId id : by_link_[link]) {
        Connection& connection = *connections_[id];
        for (std::uint8_t end = 0; end < 2; ++end) {
            if ((connection.ends[end].host == topology_.links[link].a) == to_a) {
                any = any || !connection.to[end].pieces.empty();
                connection.to[end].pieces.clear();
                connection.to[end].bytes = 0;
            }
        }
    }
    return any;
}

bool World::corrupt(std::size_t link) {
    for (const ConnectionId id : by_link_[link]) {
        for (Way& way : connections_[id]->to) {
            if (!way.pieces.empty()) {
                base::Bytes& bytes = way.pieces[random_.below(way.pieces.size())].bytes;
                bytes[random_.below(bytes.size())] ^=
                    static_cast<std::uint8_t>(1U << random_.below(8));
                story("a bit changes on the link " + host(topology_.links[link].a).name + "-" +
                      host(topology_.links[link].b).name);
                return true;
            }
        }
    }
    return false;
}

}  // namespace jetway::sim
