// The part of Router by which connections come: those that were accepted and those that were
// dialled, until whoever is at the other end has said HELLO and is greeted as what it is.
#include "envelope/address.h"
#include "router/router.h"

namespace jetway::router {

using Level = base::Report::Level;

envelope::Hello Router::our_hello(const Connection& connection) const {
    envelope::Hello hello;
    hello.protocol = {envelope::protocol_version};
    hello.role = envelope::Role::router;
    hello.machine_id = options_.machine;
    hello.incarnation = options_.incarnation;
    hello.address = connection.address;
    hello.max_frame = options_.terminal.max_frame;
    return hello;
}

TerminalId Router::accepted(Arrival arrival, base::Instant now) {
    now_ = now;
    const terminal::Type type =
        arrival.by == Entry::local_listener ? terminal::Type::local : terminal::Type::network;
    Connection* connection = connections_.open(options_.terminal, "new", type, std::move(arrival),
                                               options_.terminals, now);
    if (connection == nullptr) {
        say(Level::warning, "connection refused", {{"why", "limits.terminals are open"}});
        return 0;
    }
    apply_rules(*connection);
    arm(*connection);
    return connection->terminal.id();
}

TerminalId Router::dialled(std::size_t link, Arrival arrival, base::Instant now) {
    now_ = now;
    const ConfiguredLink& configured = links_.configured()[link];
    const Neighbour* neighbour = neighbours_.to(configured.peer);
    if ((neighbour != nullptr && !neighbour->suspended()) || shutting_down_) {
        return 0;
    }
    Connection* connection =
        connections_.open(options_.terminal, configured.name, terminal::Type::network,
                          std::move(arrival), options_.terminals, now);
    if (connection == nullptr) {
        dial_failed(link, now);
        return 0;
    }
    connection->link = link;
    links_.set_dialled(link, connection->terminal.id());
    envelope::Hello hello = our_hello(*connection);
    const bool known = neighbour != nullptr && neighbour->session.numbered();
    hello.session = known ? neighbour->session.id() : new_session();
    hello.received = known ? neighbour->session.received() : 0;
    connection->offered = hello.session;
    if (known) {
        connection->resumes = neighbour->incarnation;
    }
    connection->terminal.say_hello(hello, now);
    forwarder_.list_for_flush(*connection);
    arm(*connection);
    return connection->terminal.id();
}

void Router::on_dial_failed(std::size_t link, const base::Error& why, base::Instant now) {
    now_ = now;
    say(Level::debug, "dial failed",
        {{"peer", links_.configured()[link].peer}, {"why", why.detail}});
    links_.note_failure(links_.configured()[link].peer, why.code, why.detail, now);
    dial_failed(link, now);
    Neighbour* neighbour = neighbours_.to(links_.configured()[link].peer);
    if (neighbour != nullptr && neighbour->suspended() && why.code == "ECONNREFUSED") {
        end_link(*neighbour, "refused", "nobody listens there any more");
    }
}

void Router::on_hello(TerminalId from, envelope::Hello hello) {
    Connection& connection = *connections_.find(from);
    if (shutting_down_) {
        close(connection, "shutdown", "this router is shutting down");
    } else if (hello.role == envelope::Role::service) {
        greet_service(connection, hello);
    } else {
        greet_router(connection, hello);
    }
}

void Router::greet_service(Connection& connection, const envelope::Hello& hello) {
    if (connection.arrival.by != Entry::local_listener) {
        close(connection, "forbidden",
              "services attach at a local terminal; this one is for routers");
        return;
    }
    if (connection.rules != nullptr) {
        if (const Refused why =
                router::why_not_connect(*connection.rules, connection.arrival, hello.token)) {
            close(connection, "forbidden", *why);
            return;
        }
    }
    if (const Refused why = why_not_attach(connection, hello.services)) {
        close(connection, "forbidden", *why);
        return;
    }
    connection.client =
        std::string(envelope::client_prefix) + std::to_string(connection.terminal.id());
    connection.address = envelope::make_address(connection.client, options_.machine);
    connection.terminal.accept(connection.client, hello);
    connection.terminal.say_hello(our_hello(connection), now_);
    forwarder_.list_for_flush(connection);
    attach(connection, hello.services);
    arm(connection);
}

}  // namespace jetway::router
