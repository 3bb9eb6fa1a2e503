// Transit: one ENVELOPE on its way through this router; WaitingRoom: those that wait for a route.
#pragma once

#include <deque>
#include <string>

#include "base/time.h"
#include "envelope/envelope.h"
#include "envelope/frame.h"
#include "terminal/terminal.h"

namespace jetway::router {

using terminal::TerminalId;

enum class Origin { service, router, self };

// Views are borrowed from whoever holds the frame.
struct Transit {
    Origin origin = Origin::service;
    TerminalId from = 0;  // the terminal that it came by; 0: made here
    std::uint8_t flags = 0;
    std::uint8_t hops = 0;  // what is left, 0: none
    std::string_view pin;
    base::ByteView body;
    const std::shared_ptr<base::Bytes>* owner = nullptr;
    envelope::EnvelopeView view;
    bool read = false;  // `view` holds what `body` says
    base::Instant arrived{};
    base::Instant expires =
        base::never;  // it has waited for a route already, and waits no longer than this

    bool released = false;  // it waited for a held destination, and waits no more

    bool reroutable() const { return (flags & envelope::flag::reroutable) != 0; }
    bool traced() const { return (flags & envelope::flag::trace) != 0; }
    bool dry() const { return traced() && (flags & envelope::flag::dry) != 0; }
};

// Envelopes for machines that have no feasible route yet; in the order they came, bounded in bytes.
class WaitingRoom {
public:
    struct Guest {
        Transit transit;  // its views point into the two below
        std::string pin;
        std::shared_ptr<base::Bytes> body;
    };

    // Copies `transit`. False: it would take the room over `most` bytes.
    bool add(const Transit& transit, std::size_t most);

    // The first ones, up to `bytes` or one.
    std::deque<Guest> take_some(std::size_t bytes);
    // All of them, in order; the room is empty then.
    std::deque<Guest> take_all();
    // Those whose time is over.
    std::deque<Guest> take_expired(base::Instant now);

    base::Instant next_expiry() const;
    std::size_t size() const { return guests_.size(); }
    std::size_t bytes() const { return bytes_; }

private:
    std::deque<Guest> guests_;
    std::size_t bytes_ = 0;
};

}  // namespace jetway::router
