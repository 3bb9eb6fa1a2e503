// Forwarder: what becomes of an envelope. It binds at the first router, forwards by the pin after
// it, delivers at the last, and refuses with an answer and a count what it can't; it reads the
// route table and changes nothing of it.
//
//   from a service ─► source checked or added ─► bound to a machine ─┬─► delivered here
//   from a router  ─► pinned to us? ─► delivered here                ├─► forwarded to the next
//   router
//                     else by its pin ───────────────────────────────┴─► waits for a route, or
//                     refused
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "router/connection.h"
#include "router/counters.h"
#include "router/decision.h"
#include "router/options.h"
#include "router/route_table.h"
#include "router/transit.h"

namespace jetway::router {

class Forwarder {
public:
    // Answers a request to `router@` this machine. Called during forwarding.
    using OnRequest = std::function<void(const envelope::EnvelopeView& request, const Transit&)>;

    // All of these are borrowed and outlive it.
    Forwarder(const Options& options, ConnectionTable& connections, OnRequest on_request);

    void set_table(std::unique_ptr<const RouteTable> table) {
        destinations_.forget();
        table_ = std::move(table);
    }
    const RouteTable& table() const { return *table_; }

    // What would become of an envelope of a service here, sent to `destination` now, if it needs no
    // more hops than it has and every queue has room. Valid until the table changes.
    Decision decide(std::string_view destination) const;

    // An ENVELOPE of an up terminal.
    void on_envelope(Connection& from, const envelope::Frame& frame, base::Instant now);

    // Sends an envelope of this router's own; `source` is filled in. `flags` for a traced one.
    void originate(envelope::EnvelopeFields fields, std::uint8_t flags, base::Instant now);

    // Answers a refused frame that isn't an ENVELOPE: an error envelope to the connection itself.
    void refuse_to(Connection& connection, Refusal refusal, std::string_view message,
                   base::Instant now);

    // After a change of the table: those who wait are tried again.
    void retry_waiting(base::Instant now);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const { return waiting_.next_expiry(); }

    const Counters& counters() const { return counters_; }
    std::size_t waiting() const { return waiting_.size(); }
    // The last time that an envelope of others' was passed on to others.
    base::Instant last_transit() const { return last_transit_; }

    // Terminals with something new to write, each once; the list starts anew.
    std::vector<TerminalId> take_flushes();
    void list_for_flush(Connection& connection);

private:
    void from_service(Connection& from, Transit& transit, base::Instant now);
    void from_router(Transit& transit, base::Instant now);
    bool check_source(Connection& from, Transit& transit, base::Instant now);
    // rights.cpp
    bool check_send(Connection& from, const Transit& transit, base::Instant now);
    bool check_request(const Connection& from, const Transit& transit, base::Instant now);

    Destination look_up(const Transit& transit) {
        return destinations_.find(transit.view.destination, *table_);
    }
    Decider decider() const { return {*table_, connections_}; }
    void bind(Transit& transit, base::Instant now);
    void bind_anew(Transit& transit, base::Instant now);
    void act(Transit& transit, const Destination& to, const Decision& decision, base::Instant now);
    void copy_to_all(Transit& transit, const Destination& to, base::Instant now);
    void pass_on(Transit& transit, TerminalId to, base::Instant now);
    void deliver_here(Transit& transit, base::Instant now);
    void take(Transit& transit, base::Instant now);
    void deliver_to(Transit& transit, Connection& to, base::Instant now);
    void reflect(Transit& transit, base::Instant now);
    void wait(Transit& transit, base::Instant now);
    void refuse(const Transit& transit, Refusal refusal, std::string_view message,
                base::Instant now);
    void report_trace(const Transit& transit, std::string_view to, std::string_view reason,
                      base::Instant now);
    bool read(Transit& transit, base::Instant now);
    bool may_speak(const Transit& transit, base::Instant now);

    const Options& options_;
    ConnectionTable& connections_;
    OnRequest on_request_;
    std::unique_ptr<const RouteTable> table_;
    Destinations destinations_;
    Counters counters_;
    base::Instant last_transit_{};
    WaitingRoom waiting_;
    RateLimit own_errors_;  // for envelopes that came by no terminal
    std::string own_address_;
    base::Bytes scratch_;
    std::vector<TerminalId> flushes_;
};

}  // namespace jetway::router
