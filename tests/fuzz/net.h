// Net: real routers and services without sockets, joined by pipes of bytes, where the caller
// decides whose bytes move when, which connections break, and how time passes. After every turn of
// a router it ensures what sim/checker.h does: every envelope is accounted for, every queue within
// its bound.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "envelope/envelope.h"
#include "envelope/frame.h"
#include "router/router.h"

namespace jetway::fuzz {

// An ENVELOPE that reached a service.
struct Arrived {
    std::uint8_t flags = 0;
    base::Bytes body;
    envelope::EnvelopeView view;  // of `body`
};

class Net {
public:
    struct Node {
        std::string name;
        router::Options options;
        std::uint64_t incarnation = 1;
        std::unique_ptr<router::Router> router;
    };
    // A service, or whoever else speaks at a router's terminal.
    struct Peer {
        std::size_t node = 0;
        std::vector<std::string> names;
        std::string address;  // as its HELLO was told; empty: it isn't connected
        bool reading = true;
        bool neighbour = false;  // it says that it is a router
        std::vector<Arrived> arrived;
        std::string goodbye;
        envelope::FrameReader reader{64U << 20U};
    };

    // Options are made small, so that their bounds are met.
    std::size_t add(const std::string& name, const std::vector<std::string>& links,
                    const std::vector<std::string>& services);
    std::size_t add_peer(std::size_t node, std::vector<std::string> names);

    void connect(std::size_t peer);  // as a service; what it had before is gone
    void connect_as_neighbour(std::size_t peer, const std::string& machine);
    void hang_up(std::size_t peer);
    void say(std::size_t peer, envelope::Kind kind, base::ByteView body);
    void read_again(std::size_t peer);  // after `reading` was false

    // Connections between routers, and how many of them.
    std::size_t links() const { return links_.size(); }
    std::size_t under_way(std::size_t link, std::size_t end) const;
    void move(std::size_t link, std::size_t end, std::size_t bytes);
    void insert(std::size_t link, std::size_t end, base::ByteView bytes);
    void cut(std::size_t link, std::size_t end, std::size_t arrives);  // the rest is lost
    void silence(std::size_t link) { links_[link]->silent = true; }

    void kill(std::size_t node);
    void start(std::size_t node);
    void pass(base::Duration time);
    // Until nothing is under way, or for as many turns.
    void settle(std::size_t turns);

    // No dial succeeds while it is set.
    bool unreachable = false;
    std::size_t links_down = 0;  // how often a router gave a link up

    Node& node(std::size_t index) { return *nodes_[index]; }
    Peer& peer(std::size_t index) { return *peers_[index]; }
    std::size_t nodes() const { return nodes_.size(); }
    std::size_t peers() const { return peers_.size(); }
    base::Instant now() const { return now_; }

private:
    struct End {
        std::optional<std::size_t> node;
        std::optional<std::size_t> peer;
        router::TerminalId id = 0;
        base::Bytes coming;
        bool ending = false;  // it learns of the end when all that comes has been read
    };
    struct Pipe {
        End ends[2];  // the first dialled
        bool silent = false;
    };
    Pipe* pipe_of(std::size_t node, router::TerminalId id, std::size_t& end);
    Pipe* pipe_of_peer(std::size_t peer);
    void turn(std::size_t node);
    void write(std::size_t node, router::TerminalId id);
    void close(Pipe& pipe, std::size_t by);
    void deliver(Pipe& pipe, std::size_t end, std::size_t bytes);
    void dial(std::size_t node, std::size_t link);
    void read(std::size_t peer, base::ByteView bytes);
    void open(std::size_t peer, router::Entry by);
    void reap();
    void check(std::size_t node) const;

    base::Instant now_{std::chrono::seconds(1'000)};
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<std::unique_ptr<Pipe>> links_;  // between two routers
    std::vector<std::unique_ptr<Pipe>> pipes_;  // of peers
    std::vector<std::pair<std::size_t, std::size_t>> dials_;
};

}  // namespace jetway::fuzz
