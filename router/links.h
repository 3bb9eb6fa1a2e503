// Links: the neighbours of a router. Which configured link is to be dialled when, and which of two
// connections to the same neighbour is kept.
//
// Two routers that dial each other settle it the same way: the connection dialled by the one whose
// machineId is smaller in byte order stays (docs/protocol.md, "HELLO"). Where a newcomer may be the
// same router started again, or one that lost its old connection without our noticing, the
// incumbent is probed, and stays only if it is heard of within `gossip.hello`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "router/options.h"
#include "terminal/backoff.h"
#include "terminal/terminal.h"

namespace jetway::router {

using terminal::TerminalId;

// One end of a connection to a neighbour, as far as the choice between two of them goes.
struct NeighbourEnd {
    bool dialled_by_us = false;
    std::uint64_t incarnation = 0;
};

enum class Verdict {
    accept,     // there is no other
    replace,    // the newcomer stays, the incumbent gets `duplicate`
    duplicate,  // the incumbent stays, the newcomer gets `duplicate`
    contest,    // probe the incumbent first
};

// The choice between `newcomer`, whose HELLO has come, and `incumbent`, which is up (null: none
// is). `dialling`: a connection that we dialled to the same neighbour waits for its HELLO.
Verdict judge(const std::string& ours, const std::string& theirs, const NeighbourEnd& newcomer,
              const NeighbourEnd* incumbent, bool dialling);

class Links {
public:
    explicit Links(std::vector<ConfiguredLink> configured);

    const std::vector<ConfiguredLink>& configured() const { return configured_; }
    std::optional<std::size_t> to(std::string_view peer) const;

    // The neighbour is connected: its configured link isn't dialled. `resumed`: an earlier
    // connection's link is carried on, which is as good as having been up for long.
    void set_up(const std::string& peer, bool resumed);
    // The link to a neighbour is dead; it was up since then. Its configured link is dialled again.
    void set_down(const std::string& peer, base::Instant since, base::Instant now,
                  base::Random& random);
    // The connection broke, and its link is to be resumed at that time by a redial of ours.
    void resume_at(const std::string& peer, base::Instant when);

    // Links to dial now; each counts as being dialled from here on.
    std::vector<std::size_t> take_due(base::Instant now);
    // The attempt on a link ended without a neighbour. `again`: it is to be dialled again, after
    // `most` at the latest.
    void failed(std::size_t link, bool again, base::Duration most, base::Instant now,
                base::Random& random);
    // The connection that was dialled, before its HELLO; 0 when it is gone.
    void set_dialled(std::size_t link, TerminalId terminal) { states_[link].dialled = terminal; }
    TerminalId dialled(std::size_t link) const { return states_[link].dialled; }
    base::Instant next_dial() const;

    // The last thing that kept a configured link from being up; forgotten when it is.
    struct Failure {
        std::string code;  // of the system, or of a GOODBYE; empty: the connection broke
        std::string why;
        base::Instant at{};
        std::uint64_t times = 0;  // failures since it was up last, or since the start
    };
    void note_failure(std::string_view peer, std::string code, std::string why, base::Instant now);
    // nullptr: it never failed since it was up.
    const Failure* failure(std::size_t link) const {
        return states_[link].failure.times > 0 ? &states_[link].failure : nullptr;
    }
    // When it is dialled next; never: it is up, being dialled, or waited for.
    base::Instant next_dial(std::size_t link) const { return states_[link].dial_at; }

    // Takes over a new configuration. Links that stay keep their state; those that are new are
    // dialled unless connected(peer).
    void reconfigure(std::vector<ConfiguredLink> configured,
                     const std::function<bool(const std::string& peer)>& connected,
                     base::Instant now);

    // No more dialling.
    void stop() { stopped_ = true; }

private:
    struct LinkState {
        base::Instant dial_at{};  // never: being dialled, or up
        TerminalId dialled = 0;
        terminal::Backoff backoff;
        Failure failure;
    };
    std::vector<ConfiguredLink> configured_;
    std::vector<LinkState> states_;
    bool stopped_ = false;
};

}  // namespace jetway::router
