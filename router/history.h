// History: the last changes of a router's routes and catalogs, each with its cause, and so the
// table as it stood at any moment since.
//
// It keeps what each machine is like now (its selected route, and which services it lists) and, for
// each change, what was before and after. It is told of the machines that may have changed, and
// finds out itself whether anything did: no difference, no entry. Going back from the present,
// change by change, gives the table of an earlier moment exactly, as long as no change since then
// has been dropped.
//
// Bounds: `most` changes (65,536 in a router), the oldest dropped first. A change takes 120 bytes,
// and each different name in them is kept once: about 8 MiB in all in an ordinary mesh, and at most
// 50 MiB when every change brings three new names of the greatest length. What each machine is like
// now takes about 150 bytes and 16 for each service it lists, and so is bounded as gossip's table
// is. With `most` of 0 nothing is kept at all.
//
// Whether a service's capabilities, version or weight change is not remembered, nor are routes that
// weren't selected.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "envelope/announce.h"
#include "router/names.h"

namespace jetway::router {

// What happened that changed the table.
enum class Event : std::uint8_t {
    start,         // of this router
    link_up,       // the first full announcement of a neighbour whose link is new
    announcement,  // any later one
    link_down,
    attach,
    detach,
    reconfigure,
    deadline,      // gossip's own: something was due
    drain,         // begun or undone
    probe,         // of a service here: it stopped answering, or answers again
    registration,  // of a 9P server, by request: it came, went, or was found well or not
};
inline constexpr std::size_t event_count = 11;
std::string_view event_name(Event event);  // as docs/protocol.md has it

struct Cause {
    Event event = Event::start;
    std::string_view of;    // the neighbour, or the client that attached, detached or was probed
    std::string_view code;  // why a link went down; empty: not said
};

// A selected route.
struct Way {
    std::string_view neighbour;  // the machine it leads to first
    std::string_view terminal;
    std::uint16_t cost = 0;
    std::uint16_t hops = 0;

    friend bool operator==(const Way&, const Way&) = default;
};

// All instances of one service on one machine.
struct ServiceState {
    envelope::Health health = envelope::Health::detached;  // `up` if any instance is
    std::uint32_t up = 0;                                  // instances

    friend bool operator==(const ServiceState&, const ServiceState&) = default;
};

// One change, for reading: either of the machine's selected route, or of one of its services.
struct Change {
    std::uint64_t number = 0;  // 1 for the first since the router's start
    base::Instant at{};
    std::string_view machine;
    std::string_view service;  // empty: the selected route changed
    std::optional<Way> way_before;
    std::optional<Way> way_after;
    std::optional<ServiceState> service_before;  // none: the machine didn't list it
    std::optional<ServiceState> service_after;
    Cause cause;
};

class History {
public:
    // Of a router that starts at `now` and knows nothing yet.
    History(std::size_t most, base::Instant now) : most_(most), reach_(now) {}
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    // What a machine is now: its selected route, and its catalog (null: none).
    void note(std::string_view machine, const std::optional<Way>& way,
              const envelope::Catalog* catalog, const Cause& cause, base::Instant now);
    // What one service of a machine is now; none: it isn't listed any more.
    void note_service(std::string_view machine, std::string_view service,
                      std::optional<ServiceState> state, const Cause& cause, base::Instant now);

    struct Query {
        std::string_view of;       // a machine, or a service: what bears on it; empty: all
        std::uint64_t before = 0;  // changes of a smaller number only; 0: all
        std::size_t limit = 0;     // at most that many
    };
    struct Answer {
        std::vector<Change> changes;  // the newest first
        bool more = false;            // older ones would have come, had the limit been higher
    };
    // Of a service: its own changes, and those of the selected route to a machine that listed it at
    // that time. Good until the next note…
    Answer changes(const Query& query) const;

    struct Machine {
        std::string name;
        std::optional<Way> way;
        std::vector<std::pair<std::string_view, ServiceState>> services;  // in order of name
    };
    // Every machine that had a selected route or listed a service at that moment, in order of name;
    // an empty list for a moment before reach(). Good until the next note…
    std::vector<Machine> table_at(base::Instant at) const;

    // The earliest moment whose table is known.
    base::Instant reach() const { return reach_; }
    std::size_t most() const { return most_; }
    std::size_t size() const { return entries_.size(); }
    std::uint64_t recorded() const { return recorded_; }  // since the start, dropped ones too
    std::uint64_t recorded(Event event) const {
        return recorded_by_[static_cast<std::size_t>(event)];
    }

private:
    struct StoredWay {
        Name neighbour;  // nothing: there is no way
        Name terminal;
        std::uint16_t cost = 0;
        std::uint16_t hops = 0;

        std::optional<Way> view() const;
    };
    using Services = std::vector<std::pair<Name, ServiceState>>;  // in order of text
    struct State {
        StoredWay way;
        Services services;
        // Of the catalog that `services` was last read from: the same one needn't be read again.
        std::uint64_t incarnation = 0;
        std::uint64_t revision = 0;
        bool read = false;
    };
    struct Entry {
        base::Instant at;
        Name machine;
        Name service;
        StoredWay way_before;
        StoredWay way_after;
        std::optional<ServiceState> service_before;
        std::optional<ServiceState> service_after;
        Name cause_of;
        Name cause_code;
        Event event;
    };
    using States = std::map<std::string, State, std::less<>>;

    static Change view(const Entry& entry, std::uint64_t number);
    static void undo(States& states, const Entry& entry);
    std::set<std::string_view> listing(std::string_view service) const;
    StoredWay store(const std::optional<Way>& way);
    Services listed(const envelope::Catalog& catalog);
    void set_way(std::string_view machine, State& state, const std::optional<Way>& way,
                 const Cause& cause, base::Instant now);
    void set_services(std::string_view machine, State& state, const envelope::Catalog* catalog,
                      const Cause& cause, base::Instant now);
    Entry& record(std::string_view machine, const Cause& cause, base::Instant now);
    void record_service(std::string_view machine, const Name& service,
                        std::optional<ServiceState> before, std::optional<ServiceState> after,
                        const Cause& cause, base::Instant now);

    Names names_;  // first, for all below have names of it
    std::size_t most_;
    States states_;
    std::deque<Entry> entries_;
    std::uint64_t recorded_ = 0;
    std::array<std::uint64_t, event_count> recorded_by_{};
    base::Instant reach_;
};

}  // namespace jetway::router
