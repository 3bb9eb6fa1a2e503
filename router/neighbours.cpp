// The part of Router that deals with neighbours coming, going and changing: HELLO of a router, two
// connections to one neighbour, a changed deployment, shutdown.
#include <algorithm>

#include "router/router.h"

namespace jetway::router {

using Level = base::Report::Level;

namespace {

// A change of its rules needs no new connection.
bool same_link(const ConfiguredLink& a, const ConfiguredLink& b) {
    return a.name == b.name && a.peer == b.peer && a.cost == b.cost;
}

}  // namespace

void Router::refuse_neighbour(Connection& connection, std::string_view code, std::string message) {
    say(code == "duplicate" ? Level::debug : Level::warning, "neighbour refused",
        {{"peer", connection.terminal.peer_machine()},
         {"address", connection.terminal.peer_address()},
         {"code", std::string(code)},
         {"why", message}});
    close(connection, code, message);
}

void Router::greet_router(Connection& connection, const envelope::Hello& hello) {
    const std::string& peer = hello.machine_id;
    if (connection.arrival.by == Entry::local_listener) {
        refuse_neighbour(connection, "forbidden", "routers connect at a network listener");
        return;
    }
    if (peer == options_.machine) {
        refuse_neighbour(connection, "duplicate-machine", "that machineId is ours");
        return;
    }
    if (options_.known_neighbours && !connection.terminal.dialled() &&
        std::find(options_.known_neighbours->begin(), options_.known_neighbours->end(), peer) ==
            options_.known_neighbours->end()) {
        refuse_neighbour(connection, "forbidden",
                         "no link leads from " + peer +
                             " to this machine in its deployment (unknown_neighbours: refuse)");
        return;
    }
    if (connection.link && links_.configured()[*connection.link].peer != peer) {
        refuse_neighbour(connection, "forbidden",
                         "dialled to reach " + links_.configured()[*connection.link].peer +
                             ", but this is " + peer);
        return;
    }
    const std::vector<std::string>& certified = connection.arrival.certified;
    if (connection.arrival.encrypted &&
        std::find(certified.begin(), certified.end(), peer) == certified.end()) {
        refuse_neighbour(connection, "forbidden",
                         certified.empty()
                             ? "it says that it is " + peer + ", and has shown no certificate"
                             : "its certificate is for " + certified.front() +
                                   ", but it says that it is " + peer);
        return;
    }
    Neighbour* neighbour = neighbours_.to(peer);
    const std::optional<std::size_t> link = links_.to(peer);
    const TerminalId ours_dialled = link ? links_.dialled(*link) : 0;
    const bool dialling = ours_dialled != 0 && ours_dialled != connection.terminal.id();
    if (neighbour != nullptr && carries_on(*neighbour, connection, hello)) {
        // Both may have dialled to go on with the link: again the smaller one's dial is kept.
        Connection* other = dialling ? connections_.find(ours_dialled) : nullptr;
        if (other != nullptr && other->resumes && options_.machine < peer) {
            refuse_neighbour(connection, "duplicate", "the other connection is kept");
            return;
        }
        resume(*neighbour, connection, hello);
        if (other != nullptr) {
            refuse_neighbour(*other, "duplicate", "the other connection is kept");
        }
        return;
    }
    if (connection.resumes == hello.incarnation && connection.offered == hello.session) {
        refuse_neighbour(connection, "silent", "the link that it goes on with is dead here");
        return;
    }
    Connection* incumbent = neighbour != nullptr ? connections_.find(neighbour->terminal) : nullptr;
    NeighbourEnd present;
    if (incumbent != nullptr) {
        present = {incumbent->terminal.dialled(), incumbent->terminal.peer_incarnation()};
    }
    switch (judge(options_.machine, peer, {connection.terminal.dialled(), hello.incarnation},
                  incumbent != nullptr ? &present : nullptr, dialling)) {
        case Verdict::accept:
            if (Connection* other = dialling ? connections_.find(ours_dialled) : nullptr) {
                admit(connection, hello);
                refuse_neighbour(*other, "duplicate", "the other connection is kept");
                return;
            }
            admit(connection, hello);
            return;
        case Verdict::replace:
            refuse_neighbour(*incumbent, "duplicate", "the other connection is kept");
            admit(connection, hello);
            return;
        case Verdict::duplicate:
            refuse_neighbour(connection, "duplicate", "the other connection is kept");
            return;
        case Verdict::contest:
            incumbent->terminal.probe(now_);
            forwarder_.list_for_flush(*incumbent);
            contests_.push_back({.newcomer = connection.terminal.id(),
                                 .incumbent = incumbent->terminal.id(),
                                 .since = now_,
                                 .until = now_ + options_.terminal.hello,
                                 .hello = hello});
    }
}

void Router::admit(Connection& connection, const envelope::Hello& hello) {
    if (Neighbour* lost = neighbours_.to(hello.machine_id)) {
        end_link(*lost, "session-lost", "the router there no longer has its session");
    }
    const std::optional<std::size_t> link = links_.to(hello.machine_id);
    Neighbour& neighbour = neighbours_.add(hello.machine_id, session_for(connection, hello));
    neighbour.incarnation = hello.incarnation;
    neighbour.name = link ? links_.configured()[*link].name : "from-" + hello.machine_id;
    neighbour.dialled_by_us = connection.terminal.dialled();
    neighbour.max_frame = hello.max_frame;
    neighbour.terminal = connection.terminal.id();
    neighbour.since = now_;
    connection.neighbour = neighbour.id;
    connection.terminal.accept(neighbour.name, hello);
    if (!connection.terminal.dialled()) {
        envelope::Hello ours = our_hello(connection);
        ours.session = neighbour.session.id();
        connection.terminal.say_hello(ours, now_);
        forwarder_.list_for_flush(connection);
    }
    ++traffic_.link(neighbour.machine).up;
    links_.set_up(neighbour.machine, false);
    gossip_.on_link_up(neighbour.id, neighbour.machine,
                       link ? links_.configured()[*link].cost : std::uint16_t{1}, now_);
    record({Event::link_up, neighbour.machine, {}});
    arm(connection);
    say(Level::info, "link up",
        {{"peer", neighbour.machine},
         {"terminal", neighbour.name},
         {"address", connection.terminal.peer_address()},
         {"dialled", connection.terminal.dialled() ? "here" : "there"}});
}

void Router::settle_contests(base::Instant now) {
    std::vector<Contest> open = std::exchange(contests_, {});
    for (Contest& contest : open) {
        Connection* newcomer = connections_.find(contest.newcomer);
        Connection* incumbent = connections_.find(contest.incumbent);
        if (newcomer == nullptr || newcomer->terminal.state() != terminal::State::greeted) {
            continue;
        }
        const bool gone = incumbent == nullptr || !incumbent->terminal.up();
        if (gone) {
            greet_router(*newcomer, contest.hello);
        } else if (incumbent->terminal.last_heard() > contest.since) {
            const bool restarted =
                contest.hello.incarnation != incumbent->terminal.peer_incarnation();
            refuse_neighbour(*newcomer, restarted ? "duplicate-machine" : "duplicate",
                             restarted
                                 ? "another router with that machineId is connected and answers"
                                 : "the other connection is kept");
        } else if (now >= contest.until) {
            refuse_neighbour(*incumbent, "silent", "replaced by a newer connection");
            admit(*newcomer, contest.hello);
        } else {
            contests_.push_back(std::move(contest));
        }
    }
}

void Router::reconfigure(Options options, base::Instant now) {
    now_ = now;
    reconfiguring_ = true;
    options.machine = options_.machine;
    options.incarnation = options_.incarnation;
    options.history = options_.history;
    const std::vector<ConfiguredLink> before = links_.configured();
    links_.reconfigure(
        options.links,
        [this](const std::string& peer) {
            const Neighbour* neighbour = neighbours_.to(peer);
            return neighbour != nullptr && !neighbour->suspended();
        },
        now);
    std::swap(options_, options);
    gossip_.set_options(options_.gossip, now);
    set_gossip_rules();
    connections_.for_each([&](Connection& connection) {
        apply_rules(connection);
        if (connection.arrival.by == Entry::dialled && connection.link) {
            connection.link = links_.to(before[*connection.link].peer);
            if (!connection.link && !connection.terminal.up()) {
                close(connection, "shutdown", "the deployment has changed");
            }
        }
    });
    for (const ConfiguredLink& old : before) {
        const std::optional<std::size_t> kept = links_.to(old.peer);
        const bool changed = kept && !same_link(links_.configured()[*kept], old);
        Neighbour* neighbour = neighbours_.to(old.peer);
        if (neighbour != nullptr && (changed || (!kept && neighbour->dialled_by_us))) {
            end_by_deployment(*neighbour);
        }
    }
    deploy_services(options.services);  // what it gave before
    gossip_.set_services(own_catalog(), now);
    record({Event::reconfigure, {}, {}});
    reconfiguring_ = false;
    refresh();
}

void Router::redial(const std::string& peer, base::Instant now) {
    now_ = now;
    if (Neighbour* neighbour = neighbours_.to(peer)) {
        reconfiguring_ = true;
        end_by_deployment(*neighbour);
        reconfiguring_ = false;
    }
}

void Router::end_by_deployment(Neighbour& neighbour) {
    if (Connection* connection = connections_.find(neighbour.terminal)) {
        close(*connection, "shutdown", "the deployment has changed");
    } else {
        end_link(neighbour, "shutdown", "the deployment has changed");
    }
}

void Router::begin_shutdown(base::Instant now) {
    now_ = now;
    shutting_down_ = true;
    links_.stop();
    gossip_.retract_self(now);
}

bool Router::drained() const {
    bool empty = forwarder_.waiting() == 0;
    connections_.for_each([&](const Connection& connection) {
        empty = empty && connection.terminal.output().size() == 0;
    });
    neighbours_.for_each(
        [&](const Neighbour& neighbour) { empty = empty && neighbour.session.kept_bytes() == 0; });
    return empty;
}

void Router::end_shutdown(base::Instant now) {
    now_ = now;
    connections_.for_each([&](Connection& connection) {
        if (connection.terminal.state() != terminal::State::closing) {
            close(connection, "shutdown", "this router is shutting down");
        }
    });
}

}  // namespace jetway::router
