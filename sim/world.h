// World: any number of real routers on a made-up clock and network.
//
// The routers are the very same objects that the daemon runs; what the daemon's shell does with
// sockets, this does with queues of bytes that arrive after a while. Everything that happens is an
// event with a time and a number; of two at the same time the one that was made first comes first,
// so that the same calls give the same history on any machine. It knows nothing of what is right:
// see checker.h.
//
//   step(): the next event ─► one router's turn (on_…, end_turn, take_effects) ─► its writes, dials
//   and closes
//           become events ─► the observer looks at what is now
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "router/router.h"
#include "sim/topology.h"

namespace jetway::sim {

using terminal::TerminalId;
using HostId = std::uint32_t;
using ConnectionId = std::uint32_t;

class World;

// Something that isn't a router at the other end of a connection to one: a service, or somebody who
// lies.
class Actor {
public:
    virtual ~Actor() = default;
    virtual void on_bytes(World& world, base::ByteView bytes) = 0;
    virtual void on_closed(World& world) = 0;

    ConnectionId connection = 0;
    bool reading = true;  // false: what is sent to it stays under way
};

// What the world tells of itself while it runs. All of it is called within step().
class Observer {
public:
    virtual ~Observer() = default;
    // A router's turn is over.
    virtual void on_turn(World&, HostId) {}
    // An ENVELOPE comes to a router, before it reads it; `from`: over a link, from that host's.
    virtual void on_envelope(World&, HostId, std::optional<HostId> /*from*/,
                             const envelope::Frame&) {}
    // One leaves a router over one of its terminals.
    virtual void on_sent(World&, HostId, TerminalId, const envelope::Frame&) {}
    // Any other frame does.
    virtual void on_other_sent(World&, HostId, TerminalId, const envelope::Frame&) {}
    // The selected route of one to that machine may be another one now; before the turn's on_turn.
    virtual void on_changed(World&, HostId, std::string_view /*machine*/) {}
    virtual void on_report(World&, HostId, const base::Report&) {}
    // A line of the story, for people; only asked for when tracing() says so.
    virtual void on_story(World&, const std::string&) {}
    virtual bool tracing() const { return false; }
    virtual bool sniffing() const { return false; }  // whether what is sent and comes is wanted
};

// One machine's router and where it is plugged in.
struct Host {
    std::string name;
    router::Options options;
    std::vector<std::size_t> links;          // of the topology, by the index of the configured link
    std::unique_ptr<router::Router> router;  // null: it is down
    std::uint32_t life = 0;                  // grows with every start
    base::Instant paused_until{};            // nothing runs until then
    base::Instant armed = base::never;
    std::map<TerminalId, ConnectionId> connections;
    std::set<TerminalId> paused;  // services that aren't read
};

// One end of a connection.
struct End {
    HostId host = 0;
    TerminalId terminal = 0;  // 0: it is gone, or an actor's
    Actor* actor = nullptr;
};

// A direction of a connection: what is under way to end 0 or 1.
struct Way {
    struct Piece {
        base::Bytes bytes;
        base::Instant arrives;
    };
    std::deque<Piece> pieces;
    std::size_t bytes = 0;
    base::Instant free_at{};  // when its bandwidth allows the next byte
    base::Instant latest{};   // when its last piece arrives: pieces keep their order
    bool ends = false;        // the sender closed: the receiver learns of it after the last piece
    bool waiting = false;     // the sender writes more when its bandwidth is free again
    envelope::FrameReader sent{64U << 20U};  // for the observer
    envelope::FrameReader arrived{64U << 20U};
};

struct Connection {
    bool broken = false;              // nothing more gets through; both ends will learn of it
    std::optional<std::size_t> link;  // of the topology
    End ends[2];                      // the first dialled
    Way to[2];
};

// What is wrong with a link at the moment.
struct LinkState {
    bool cut = false;                  // its connections break, dials fail
    bool stalled[2] = {false, false};  // nothing gets through to a; to b
};

class World {
public:
    // `options`: what every router is started with, but for its machine, services and links.
    World(Topology topology, router::Options options, std::uint64_t seed);
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Null: nobody looks.
    void observe(Observer* observer) { observer_ = observer != nullptr ? observer : &nobody_; }

    // Starts the router of a machine, with an incarnation of the caller's.
    void start(HostId host, std::uint64_t incarnation);
    // Another machine that bears the name of `twin`, joined to `at` by a link of its own; its id.
    HostId add_twin(HostId twin, HostId at);
    // It is gone without a word; `silent`: its connections aren't closed either, as when its power
    // is cut.
    void crash(HostId host, bool silent);
    void stop(HostId host);  // as SIGTERM does: retracts, then says GOODBYE
    void pause(HostId host, base::Duration duration);

    // A control request by who may change the router; nothing while it is down or paused.
    void ask(HostId host, const router::ControlRequest& request);

    void cut(std::size_t link);
    void stall(std::size_t link, bool to_a, bool to_b);
    void mend(std::size_t link);
    // Connections over it break; `torn`: in the midst of what is under way.
    void reset(std::size_t link, bool torn);
    // What is under way over it to a, or to b, never arrives, and nobody is told; false: nothing
    // is.
    bool lose(std::size_t link, bool to_a);
    // A bit of what is under way over it changes; false: nothing is.
    bool corrupt(std::size_t link);

    // Connects an actor to a router; 0: it isn't wanted or the router is down. The actor stays the
    // caller's.
    ConnectionId connect(HostId host, router::Entry entry, Actor& actor);
    void send(Actor& actor, base::Bytes bytes);
    void hang_up(Actor& actor);
    void resume_reading(Actor& actor);

    // Runs `action` at that time.
    void at(base::Instant when, std::function<void()> action);

    // The next event; false: there is none.
    bool step();
    void run_until(base::Instant until);

    base::Instant now() const { return now_; }
    std::size_t hosts() const { return hosts_.size(); }
    Host& host(HostId id) { return *hosts_[id]; }
    const Host& host(HostId id) const { return *hosts_[id]; }
    const Topology& topology() const { return topology_; }
    const LinkState& link_state(std::size_t link) const { return states_[link]; }
    // The router at the other end of one's link, if it holds its end of it; nullopt else.
    std::optional<HostId> neighbour(HostId host, gossip::LinkId link) const;
    // The router at the other end of one's connection, if both ends are there; nullopt else.
    std::optional<HostId> connected_to(HostId host, TerminalId terminal) const;
    // A host whose router runs and isn't paused.
    bool runs(HostId id) const { return host(id).router && host(id).paused_until <= now_; }

    std::uint64_t events() const { return events_; }
    // Of all that happened so far: the same for the same history.
    std::uint64_t fingerprint() const { return fingerprint_; }
    std::uint64_t bytes_over_links() const { return link_bytes_; }
    void story(const std::string& line);

private:
    enum class What : std::uint8_t { arrival, deadline, dial, flush, action };
    struct Event {
        base::Instant at;
        std::uint64_t number;
        What what;
        std::uint8_t end;                           // of a connection
        std::uint32_t a;                            // host, or connection
        std::uint32_t b;                            // life
        std::uint64_t extra;                        // a terminal, a configured link, an action
        bool operator<(const Event& other) const {  // std::priority_queue gives the greatest first
            return at != other.at ? at > other.at : number > other.number;
        }
    };
    void add(base::Instant when, What what, std::uint32_t a, std::uint32_t b = 0,
             std::uint8_t end = 0, std::uint64_t extra = 0);
    bool postponed(const Event& event);
    void note(std::uint64_t value) { fingerprint_ = (fingerprint_ ^ value) * 0x100000001b3U; }

    // world.cpp: routers
    void turn(HostId id);
    void arm(HostId id);
    void on_dial(HostId id, std::uint32_t life, std::size_t link);
    void let_go(HostId id, bool tell);
    Host& add_host(const std::string& name);
    void configure(HostId id);

    // network.cpp: connections
    ConnectionId open(std::optional<std::size_t> link, const End& dialler, const End& listener);
    void flush(HostId id, TerminalId terminal);
    void put(ConnectionId id, std::uint8_t to, base::Bytes bytes);
    void deliver(ConnectionId id, std::uint8_t end);
    void close_end(ConnectionId id, std::uint8_t end);
    void break_connection(ConnectionId id, bool torn);
    bool stalled(const Connection& connection, std::uint8_t to) const;
    void kick(ConnectionId id);

    Topology topology_;
    router::Options options_;
    base::Random random_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::vector<LinkState> states_;
    std::vector<std::unique_ptr<Connection>> connections_;  // null: both ends have gone
    std::vector<std::vector<ConnectionId>> by_link_;        // open connections over each link
    std::priority_queue<Event> queue_;
    std::map<std::uint64_t, std::function<void()>> actions_;
    Observer* observer_;
    Observer nobody_;
    base::Instant now_{std::chrono::seconds(1000)};
    std::uint64_t numbers_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t fingerprint_ = 0xcbf29ce484222325U;
    std::uint64_t link_bytes_ = 0;
};

}  // namespace jetway::sim
