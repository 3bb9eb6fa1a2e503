// Neighbour: a link to another router, which outlives the connections that carry it;
// NeighbourTable: all of them.
//
//   up ──the connection breaks──► suspended ──a HELLO with its session──► up
//    └──GOODBYE, a fault, silence──► gone ◄──dead_after, refused, another session──┘
//
// Gossip and the route table know links by their id, which stays the same while the link lives.
#pragma once

#include <map>
#include <string>

#include "gossip/routes.h"
#include "router/slots.h"
#include "terminal/session.h"
#include "terminal/terminal.h"

namespace jetway::router {

using gossip::LinkId;
using terminal::TerminalId;

struct Neighbour {
    LinkId id = 0;
    std::string machine;
    std::uint64_t incarnation = 0;  // of the router there
    std::string name;               // of the terminal
    bool dialled_by_us = false;     // so it is to be resumed by us
    std::uint32_t max_frame = 0;    // the longest that the router there takes; 0: it doesn't say
    TerminalId terminal = 0;        // the connection that carries it; 0: suspended
    terminal::Session session{{}};
    base::Instant since{};             // it is up, or was resumed, since then
    base::Instant dies = base::never;  // suspended: when it is dead
    std::uint64_t forwarded = 0;       // envelopes, in the life of its session
    std::uint64_t resumed = 0;         // times
    std::uint64_t resent = 0;          // frames that a new connection had to carry again
    bool listed_for_ack = false;

    bool suspended() const { return terminal == 0; }
};

// Of a session, in hexadecimal.
std::string session_text(const base::Bytes& id);

class NeighbourTable {
public:
    // Sessions that ended are remembered, for a peer that offers one again: the latest of so many
    // neighbours.
    static constexpr std::size_t most_ended = 4096;

    // A link that is new. There is none to that machine.
    Neighbour& add(std::string machine, base::Bytes session);
    Neighbour* find(LinkId id) { return all_.find(id); }
    const Neighbour* find(LinkId id) const { return all_.find(id); }
    Neighbour* to(std::string_view machine);
    const Neighbour* to(std::string_view machine) const {
        return const_cast<NeighbourTable*>(this)->to(machine);
    }
    // The link is dead. What it owed is the caller's.
    terminal::Session erase(LinkId id);
    // Whether that session with the machine ended here.
    bool ended(std::string_view machine, const base::Bytes& session) const;

    std::size_t size() const { return all_.size(); }
    template <typename Visit>
    void for_each(Visit&& visit) {
        all_.for_each(visit);
    }
    template <typename Visit>
    void for_each(Visit&& visit) const {
        all_.for_each(visit);
    }

private:
    Slots<Neighbour> all_;
    std::map<std::string, LinkId, std::less<>> by_machine_;
    std::map<std::string, base::Bytes, std::less<>> ended_;
};

}  // namespace jetway::router
