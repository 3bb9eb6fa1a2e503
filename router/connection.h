// Connection: a terminal with what the router knows of the one at its other end; ConnectionTable:
// all of them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "balance/health.h"
#include "base/time.h"
#include "envelope/hello.h"
#include "gossip/routes.h"
#include "router/arrival.h"
#include "router/permissions.h"
#include "router/slots.h"
#include "terminal/terminal.h"

namespace jetway::router {

using gossip::LinkId;
using terminal::TerminalId;

// Allows `rate` events a second, and as many at once.
class RateLimit {
public:
    bool allow(std::size_t rate, base::Instant now) {
        if (now >= window_ + std::chrono::seconds(1)) {
            window_ = now;
            used_ = 0;
        }
        return used_++ < rate;
    }

private:
    base::Instant window_{};
    std::size_t used_ = 0;
};

struct Connection {
    Connection(const terminal::Options& options, terminal::Terminal::Spec spec, Arrival from,
               base::Instant now)
        : terminal(options, std::move(spec), now), arrival(std::move(from)) {}

    terminal::Terminal terminal;
    Arrival arrival;
    std::optional<std::size_t> link;  // the configured link that was dialled

    // Of a router:
    LinkId neighbour = 0;                  // the link that it carries, or carried; 0: none yet
    base::Bytes offered;                   // the session that our HELLO offered
    std::optional<std::uint64_t> resumes;  // that was one we had with this incarnation of the peer

    // Of a service:
    std::string client;   // `client-<unique>`, unique among the connections of this router's life
    std::string address;  // client@machine
    std::map<std::string, envelope::ServiceEntry, std::less<>> services;  // what it attached
    std::string verified_source;           // the last `source` that was found to be its own
    const TerminalRules* rules = nullptr;  // of its terminal, in the router's options; null: none
    std::string permitted;                 // the last destination that these were found to allow

    // Of one that attached names (probing.cpp):
    std::optional<balance::Health> health;
    bool unhealthy = false;                   // it doesn't answer PINGs any more
    bool probing = false;                     // a PING is unanswered
    base::Instant probed_at{};                // when that was sent
    std::uint64_t pongs_before = 0;           // and how many had been answered
    base::Instant probe_armed = base::never;  // the deadline under which it stands in `probes_`

    std::uint64_t envelopes_in = 0;    // from it
    std::uint64_t envelopes_out = 0;   // delivered to it
    base::Instant last_envelope{};     // from it, or delivered to it
    std::size_t sent_though_held = 0;  // bytes, since it was told to hold and not to resume
    bool paused = false;               // it isn't read, for it doesn't heed that

    RateLimit errors;
    bool listed_for_flush = false;
    bool let_go = false;                // the router has taken out what stood on it
    base::Instant armed = base::never;  // the deadline under which it stands in the router's agenda
};

class ConnectionTable {
public:
    static constexpr std::size_t most = Slots<Connection>::most;

    // A new connection with an id of its own; nullptr when there are `limit` already.
    Connection* open(const terminal::Options& options, std::string name, terminal::Type type,
                     Arrival arrival, std::size_t limit, base::Instant now);
    Connection* find(TerminalId id) { return all_.find(id); }
    const Connection* find(TerminalId id) const { return all_.find(id); }
    void erase(TerminalId id) { all_.erase(id); }
    std::size_t size() const { return all_.size(); }

    // Every connection, by slot.
    template <typename Visit>
    void for_each(Visit&& visit) {
        all_.for_each(visit);
    }
    template <typename Visit>
    void for_each(Visit&& visit) const {
        all_.for_each(visit);
    }

private:
    Slots<Connection> all_;
};

}  // namespace jetway::router
