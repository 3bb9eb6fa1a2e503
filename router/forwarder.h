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

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "router/connection.h"
#include "router/counters.h"
#include "router/decision.h"
#include "router/holds.h"
#include "router/in_flight.h"
#include "router/neighbour.h"
#include "router/options.h"
#include "router/passage.h"
#include "router/refusal_log.h"
#include "router/route_table.h"
#include "router/transit.h"

namespace jetway::router {

class Forwarder {
public:
    // Answers a request to `router@` this machine. Called during forwarding.
    using OnRequest = std::function<void(const envelope::EnvelopeView& request, const Transit&)>;

    // All of these are borrowed and outlive it.
    Forwarder(const Options& options, ConnectionTable& connections, NeighbourTable& neighbours,
              OnRequest on_request);

    void set_table(std::unique_ptr<const RouteTable> table) {
        destinations_.forget();
        table_ = std::move(table);
    }
    const RouteTable& table() const { return *table_; }

    // What would become of an envelope of a service here, sent to `destination` now, if it needs no
    // more hops than it has and every queue has room. Valid until the table changes.
    // `envelope` has the source and headers that a sticky policy may go by; nullptr: it has none.
    Decision decide(std::string_view destination,
                    const envelope::EnvelopeView* envelope = nullptr) const;

    // An ENVELOPE of an up terminal.
    void on_envelope(Connection& from, const envelope::Frame& frame, base::Instant now);

    // Sends an envelope of this router's own; `source` is filled in. `flags` for a traced one.
    void originate(envelope::EnvelopeFields fields, std::uint8_t flags, base::Instant now);

    // A link is dead: what its neighbour hasn't acknowledged goes another way, marked as a possible
    // duplicate, or is refused with `link-lost`.
    void take_back(terminal::Session session, base::Instant now);

    // Answers a refused frame that isn't an ENVELOPE: an error envelope to the connection itself.
    void refuse_to(Connection& connection, Refusal refusal, std::string_view message,
                   base::Instant now);

    // After a change of the table: those who wait are tried again.
    void retry_waiting(base::Instant now);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const {
        return std::min({waiting_.next_expiry(), flow_deadline(), in_flight_.next_deadline()});
    }

    // HOLD and RESUME of a neighbour, and a link that goes on; a sender that is gone. flow.cpp
    void on_hold(const Neighbour& by, std::string_view destination, base::Instant now);
    void on_resume(const Neighbour& by, std::string_view destination, base::Instant now);
    void on_link_resumed(const Neighbour& neighbour, base::Instant now);
    void forget_sender(Sender sender);
    // Tells those to resume whose gates have opened. At the end of every turn.
    void flow_turn(base::Instant now);
    const Holds& holds() const { return holds_; }
    const InFlight& in_flight() const { return in_flight_; }

    // Services to be read no more for now, or again.
    struct Pause {
        TerminalId service = 0;
        bool pause = false;
    };
    std::vector<Pause> take_pauses() { return std::exchange(pauses_, {}); }

    const Counters& counters() const { return counters_; }
    const Passage& passage() const { return passage_; }
    // Envelopes that were handled when they came, and that turn_took() wasn't told of.
    std::uint64_t unmeasured() const { return counters_.done() - passage_.late - passage_.counted; }
    void turn_took(base::Duration time);
    // What was refused here, by the service it was sent to: of the first 4,096 services that
    // something was refused for.
    const std::map<std::string, Refusals, std::less<>>& refused_by_service() const {
        return refused_by_service_;
    }
    RefusalLog& refusal_log() { return refusal_log_; }
    const RefusalLog& refusal_log() const { return refusal_log_; }
    // The time as it is within a turn, for what trace reports say of how long a frame was here;
    // nothing is decided by it. Without one they say 0.
    void set_clock(std::function<base::Instant()> clock) { clock_ = std::move(clock); }
    // A service's connection, or a link, ends: what was counted for it isn't lost.
    void count_gone(const Connection& service);
    void count_gone(const Neighbour& link);
    // The last time that an envelope of others' was passed on to others.
    base::Instant last_transit() const { return last_transit_; }
    // Envelopes for machines without a feasible route, and for held destinations.
    std::size_t waiting() const { return waiting_.size() + holds_.waiting(); }

    // Terminals with something new to write, each once; the list starts anew.
    std::vector<TerminalId> take_flushes();
    void list_for_flush(Connection& connection);

private:
    void from_service(Connection& from, Transit& transit, base::Instant now);
    void from_router(Transit& transit, base::Instant now);
    void send_on(Transit& transit, Refusal otherwise, std::string_view message, base::Instant now);
    bool check_source(Connection& from, Transit& transit, base::Instant now);
    // rights.cpp
    bool check_send(Connection& from, const Transit& transit, base::Instant now);
    bool check_request(const Connection& from, const Transit& transit, base::Instant now);

    Destination look_up(const Transit& transit) {
        return destinations_.find(transit.view.destination, *table_);
    }
    Decider decider(const envelope::EnvelopeView& envelope) const {
        return {*table_, connections_, holds_, &envelope};
    }
    void note_request(const Transit& transit, const Destination& to, const Decision& decision,
                      base::Instant now);
    // What answers a request ends it. Nearly always there is none to end.
    void note_answer(const Transit& transit) {
        if (!in_flight_.empty() && !transit.view.in_reply_to.empty()) {
            in_flight_.ended(transit.view.destination, transit.view.in_reply_to);
        }
    }
    void bind(Transit& transit, base::Instant now);
    void bind_anew(Transit& transit, base::Instant now);
    void act(Transit& transit, const Destination& to, const Decision& decision, base::Instant now);
    void copy_to_all(Transit& transit, const Destination& to, base::Instant now);
    void pass_on(Transit& transit, LinkId to, base::Instant now);
    bool send(Neighbour& next, const envelope::Header& header, const Transit& transit,
              base::Instant now);
    void deliver_here(Transit& transit, base::Instant now);
    void take(Transit& transit, base::Instant now);
    void deliver_to(Transit& transit, Connection& to, base::Instant now);
    void reflect(Transit& transit, base::Instant now);
    void wait(Transit& transit, base::Instant now);
    // flow.cpp
    bool past_high(const Neighbour& next) const;
    bool under_low(const Neighbour& next) const;
    static bool may_be_held(Transit& transit);
    void tell(Transit& transit, Gate gate, base::Instant now);
    void send_hold(Sender sender, envelope::Kind kind, std::string_view address, base::Instant now);
    void resume_sender(Sender sender, std::string_view address, base::Instant now);
    Holds::Resume resumer(base::Instant now);
    bool hold_back(Transit& transit, base::Instant now);
    void check_held(base::Instant now);
    void release(const std::string& machine, const std::string& service, base::Instant now);
    void end_hold(const std::string& machine, const std::string& service, base::Instant now);
    base::Instant flow_deadline() const;
    void count_refused(std::string_view destination, Refusal refusal);
    void refuse(const Transit& transit, Refusal refusal, std::string_view message,
                base::Instant now);
    void report_trace(const Transit& transit, std::string_view to, std::string_view reason,
                      base::Instant now);
    void count_hops(const Transit& transit);
    void count_late(const Transit& transit, std::uint64_t done_before, base::Instant now);
    static const char* try_read(Transit& transit);
    bool read(Transit& transit, base::Instant now);
    bool may_speak(const Transit& transit, base::Instant now);

    const Options& options_;
    ConnectionTable& connections_;
    NeighbourTable& neighbours_;
    OnRequest on_request_;
    std::unique_ptr<const RouteTable> table_;
    Destinations destinations_;
    Counters counters_;
    Passage passage_;
    base::Instant last_transit_{};
    std::map<std::string, Refusals, std::less<>> refused_by_service_;
    RefusalLog refusal_log_;
    std::function<base::Instant()> clock_;
    WaitingRoom waiting_;
    Holds holds_;
    InFlight in_flight_;
    bool flow_changed_ = false;  // a gate has opened, or the table is another one
    std::vector<Pause> pauses_;
    RateLimit own_errors_;  // for envelopes that came by no terminal
    std::string own_address_;
    base::Bytes scratch_;
    std::vector<TerminalId> flushes_;
};

}  // namespace jetway::router
