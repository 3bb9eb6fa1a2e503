// Connection: a terminal with what the router knows of the one at its other end; ConnectionTable:
// all of them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "envelope/hello.h"
#include "router/arrival.h"
#include "router/permissions.h"
#include "terminal/terminal.h"

namespace jetway::router {

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

    // Of a service:
    std::string client;   // `client-<unique>`, unique among the connections of this router's life
    std::string address;  // client@machine
    std::map<std::string, envelope::ServiceEntry, std::less<>> services;  // what it attached
    std::string verified_source;           // the last `source` that was found to be its own
    const TerminalRules* rules = nullptr;  // of its terminal, in the router's options; null: none
    std::string permitted;                 // the last destination that these were found to allow

    base::Instant last_envelope{};  // from it, or delivered to it

    RateLimit errors;
    bool listed_for_flush = false;
    bool let_go = false;                // the router has taken out what stood on it
    base::Instant armed = base::never;  // the deadline under which it stands in the router's agenda
};

class ConnectionTable {
public:
    static constexpr std::uint32_t slot_bits = 16;
    static constexpr std::size_t most = (std::size_t{1} << slot_bits) - 1;

    // A new connection with an id of its own; nullptr when there are `limit` already.
    Connection* open(const terminal::Options& options, std::string name, terminal::Type type,
                     Arrival arrival, std::size_t limit, base::Instant now);

    Connection* find(TerminalId id) {
        const std::size_t slot = id & most;
        return slot < slots_.size() && slots_[slot].connection &&
                       slots_[slot].connection->terminal.id() == id
                   ? slots_[slot].connection.get()
                   : nullptr;
    }
    const Connection* find(TerminalId id) const {
        return const_cast<ConnectionTable*>(this)->find(id);
    }

    void erase(TerminalId id);

    std::size_t size() const { return size_; }

    // Every connection, by slot.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (Slot& slot : slots_) {
            if (slot.connection) {
                visit(*slot.connection);
            }
        }
    }
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const Slot& slot : slots_) {
            if (slot.connection) {
                visit(static_cast<const Connection&>(*slot.connection));
            }
        }
    }

private:
    struct Slot {
        std::unique_ptr<Connection> connection;
        std::uint32_t generation = 0;
    };
    std::vector<Slot> slots_;
    std::vector<std::size_t> free_;
    std::size_t size_ = 0;
};

}  // namespace jetway::router
