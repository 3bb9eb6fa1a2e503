// Router: a whole router but for its sockets. It is told of connections, bytes and the time, and
// answers with what to write, dial and close; it opens nothing and waits for nothing.
//
//   a turn of the shell:  opened(), on_bytes(), on_closed(), on_dial_failed(), on_deadline() as
//   things happen,
//                         then end_turn(), then take_effects(): dial, write, close, log; sleep
//                         until next_deadline().
//
// Left to the shell: sockets, names of files, the clock, the log.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/report.h"
#include "gossip/gossip.h"
#include "router/attachments.h"
#include "router/connection.h"
#include "router/control.h"
#include "router/drains.h"
#include "router/forwarder.h"
#include "router/history.h"
#include "router/links.h"
#include "router/neighbour.h"
#include "router/options.h"
#include "router/policies.h"
#include "router/registrations.h"
#include "router/traffic.h"

namespace jetway::router {

class Router final : private terminal::Receiver {
public:
    Router(Options options, base::Random random, base::Instant now,
           std::function<ProcessFigures()> figures);
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    // A connection was accepted by a listener of that kind, or the dial of a configured link (its
    // index) succeeded. 0: not wanted (too many, or the neighbour is up already): close it.
    TerminalId accepted(Arrival arrival, base::Instant now);
    TerminalId dialled(std::size_t link, Arrival arrival, base::Instant now);
    void on_dial_failed(std::size_t link, const base::Error& why, base::Instant now);

    // `owner` as envelope::FrameReader::feed has it.
    void on_bytes(TerminalId id, base::ByteView bytes, const std::shared_ptr<base::Bytes>* owner,
                  base::Instant now);
    // The connection is gone, by its peer, by an error, or because the shell closed it.
    void on_closed(TerminalId id, const std::string& why, base::Instant now);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const;
    // Brings the table and the announcements up to date with all that this turn changed.
    void end_turn(base::Instant now);

    // Somebody asks for a byte stream to a 9P server that is registered here (docs/protocol.md,
    // `9p-dial`); the shell dials, and answers.
    struct NinepDial {
        std::string asker;     // where the answer goes, and the stream comes from
        base::Bytes id;        // of the request, raw
        std::uint64_t stream;  // which of the asker's
        envelope::NinepAddress address;
    };

    struct Effects {
        std::vector<std::size_t> dials;        // configured links to dial, by index
        std::vector<TerminalId> writes;        // terminals whose output() has something
        std::vector<Forwarder::Pause> pauses;  // services to stop reading from, or to read again
        std::vector<TerminalId> closes;  // write what output() has, then close, then on_closed()
        std::vector<NinepDial> ninep_dials;
        std::vector<base::Report> reports;
    };
    Effects take_effects();

    // Envelopes that came, were handled, and aren't measured yet. When what this caused is handed
    // to the system, the shell says how long ago the turn's first bytes were read, if there are
    // any.
    std::uint64_t unmeasured() const { return forwarder_.unmeasured(); }
    void turn_took(base::Duration time) { forwarder_.turn_took(time); }

    // The queue of a terminal, to write from; nullptr when it is gone.
    terminal::OutputQueue* output(TerminalId id);

    // A changed deployment: services, links, limits. Connections that it does not concern stay.
    void reconfigure(Options options, base::Instant now);
    // Takes a link down to have it dialled anew, as after a change of its address.
    void redial(const std::string& peer, base::Instant now);

    // Takes every service here out of use, and lets others' envelopes go another way.
    // `ending`: the shutdown follows, and nobody is told or detached before it.
    void drain_all(base::Duration quiet, bool ending, base::Instant now);
    bool drained_all() const;

    // A control request of a face of this program, answered at once, with the rights of `who`. All
    // of them but `ping`, whose answers are envelopes: error `bad-envelope`; `forbidden` where
    // `who` may not change this router. end_turn() and take_effects() follow as after any event.
    base::Result<base::Bytes> ask(const ControlRequest& request, const Arrival& who,
                                  base::Instant now);
    // Several that change the router: all are done, or none. The error says which was refused.
    base::Result<void> ask_all(const std::vector<ControlRequest>& requests, const Arrival& who,
                               base::Instant now);
    // What probes found of an instance that is registered here, by its address as it is listed:
    // `up` or not. Of any other it says nothing.
    void set_instance_health(std::string_view service, std::string_view address,
                             envelope::Health health, base::Instant now);
    // The policy that the mesh has for a service; the default where none was set.
    balance::Policy policy_of(std::string_view service);

    // Shutdown: retracts all, accepts nobody new.
    void begin_shutdown(base::Instant now);
    // Nothing waits to be written to anybody.
    bool drained() const;
    // GOODBYE `shutdown` to all.
    void end_shutdown(base::Instant now);

    // What the shell reports for itself, so that whoever follows `events` hears of it as well.
    void note(const base::Report& report, base::Instant now);
    // The time within a turn, for the times in trace reports; without one they are 0.
    void set_clock(std::function<base::Instant()> clock) { forwarder_.set_clock(std::move(clock)); }

    // For an observer: `changed` is called within each event, with every machine whose selected
    // route or catalog may have become another one by it.
    void watch(std::function<void(std::string_view machine)> changed) {
        watch_ = std::move(changed);
    }

    const Options& options() const { return options_; }
    const ConnectionTable& connections() const { return connections_; }
    const NeighbourTable& neighbours() const { return neighbours_; }
    const Forwarder& forwarder() const { return forwarder_; }
    const gossip::Gossip& gossip() const { return gossip_; }
    const History& history() const { return history_; }
    const EventLog& events() const { return events_; }

private:
    void on_hello(TerminalId from, envelope::Hello hello) override;
    void on_frame(TerminalId from, const envelope::Frame& frame) override;
    void on_goodbye(TerminalId from, const envelope::Goodbye& goodbye) override;

    void greet_service(Connection& connection, const envelope::Hello& hello);
    void greet_router(Connection& connection, const envelope::Hello& hello);
    void admit(Connection& connection, const envelope::Hello& hello);
    // sessions.cpp
    base::Bytes new_session();
    base::Bytes session_for(const Connection& connection, const envelope::Hello& hello);
    bool carries_on(const Neighbour& neighbour, const Connection& connection,
                    const envelope::Hello& hello) const;
    void resume(Neighbour& neighbour, Connection& connection, const envelope::Hello& hello);
    void dial_failed(std::size_t link, base::Instant now);
    void suspend(Neighbour& neighbour, const std::string& why);
    void end_link(Neighbour& neighbour, const std::string& code, const std::string& why);
    void end_by_deployment(Neighbour& neighbour);
    void end_suspended(base::Instant now);
    void send_acks(base::Instant now);
    void acknowledge(Neighbour& neighbour);
    void excuse_all(base::Instant now);
    void refuse_neighbour(Connection& connection, std::string_view code, std::string message);
    void on_attach(Connection& connection, base::ByteView body);
    void on_announce(Connection& connection, base::ByteView body);
    void on_ack(Connection& connection, base::ByteView body);
    void on_hold(Connection& connection, const envelope::Frame& frame);
    void on_request(const envelope::EnvelopeView& request, const Transit& transit);
    std::optional<base::Error> begin_ninep_dial(const envelope::EnvelopeView& request,
                                                const ControlRequest& asked);
    std::optional<base::Error> why_not_trace(const ControlRequest& asked,
                                             const Transit& transit) const;
    void start_trace(const envelope::EnvelopeView& request, const std::string& destination);
    void answer(std::string_view to, base::ByteView id, const base::Result<base::Bytes>& answer,
                std::string_view destination);
    // following.cpp
    bool park(const envelope::EnvelopeView& request, const ControlRequest& asked);
    void answer_followers();
    void tell_changes();
    void tell_holds();
    void collect_events();
    base::Instant following_deadline() const;
    void close(Connection& connection, std::string_view code, std::string_view message);
    void let_go(Connection& connection);
    void settle_contests(base::Instant now);
    void attach(Connection& connection, const std::vector<envelope::ServiceEntry>& services);
    void detach(Connection& connection, const std::vector<std::string>& names);
    void detach_all(Connection& connection);
    void record(const Cause& cause);
    void record_link_down(const Neighbour& neighbour, const std::string& code);
    void record_service(const std::string& service, const Cause& cause);
    void offer_attachments();
    void refresh();
    void arm(Connection& connection);
    // draining.cpp
    std::vector<TerminalId> instances_of(std::string_view service) const;
    std::vector<std::string> attached_names() const;
    void drains_changed(const std::vector<std::string>& services);
    bool check_drain(const std::string& service, const Drains::Drain& drain) const;
    void detach_drained(const std::string& service);
    void check_drains();
    base::Result<base::Bytes> drain(const ControlRequest& request);
    base::Bytes drain_state() const;
    // probing.cpp
    void arm_probe(Connection& connection);
    void probe_if_service(Connection& connection);
    void run_probes();
    void end_probe(Connection& connection, bool alive);
    // registering.cpp
    base::Result<base::Bytes> respond(const ControlRequest& request);
    base::Result<base::Bytes> register_instance(const ControlRequest& request);
    base::Result<base::Bytes> deregister_instance(const ControlRequest& request);
    base::Result<base::Bytes> say_health(const ControlRequest& request);
    base::Result<base::Bytes> policy(const ControlRequest& request);
    base::Result<Registration*> registration_of(const ControlRequest& request);
    base::Bytes registration_state(const Registration& one, bool registered) const;
    std::optional<base::Error> set_policy(std::string_view service, std::string_view text);
    std::vector<envelope::CatalogService> own_catalog() const;
    void deploy_services(const std::vector<ConfiguredService>& before);
    void registrations_changed(const std::string& service);
    void settle_policies();
    // rights.cpp
    std::optional<std::string> why_not_change(const envelope::EnvelopeView& request,
                                              const Transit& transit) const;
    void apply_rules(Connection& connection);
    std::optional<std::string> why_not_attach(
        const Connection& connection, const std::vector<envelope::ServiceEntry>& services) const;
    void set_gossip_rules();
    envelope::Hello our_hello(const Connection& connection) const;
    void say(base::Report::Level level, std::string event,
             std::vector<std::pair<std::string, std::string>> fields);

    // A newcomer that waits for the incumbent to show that it lives.
    struct Contest {
        TerminalId newcomer = 0;
        TerminalId incumbent = 0;
        base::Instant since{};
        base::Instant until{};
        envelope::Hello hello;
    };

    // One who waits for the next event.
    struct Follower {
        std::string asker;
        base::Bytes id;  // of the request, raw
        Control::EventQuery query;
        base::Instant until{};
    };
    static constexpr std::size_t most_followers = 256;

    Options options_;
    base::Random random_;
    base::Instant now_;
    ConnectionTable connections_;
    NeighbourTable neighbours_;
    Attachments attachments_;
    Registrations registrations_;
    Policies policies_;
    Drains drains_;
    base::Instant drains_checked_ = base::never;  // when they are, next
    gossip::Gossip gossip_;
    Links links_;
    Forwarder forwarder_;
    History history_;
    Traffic traffic_;
    EventLog events_;
    Control control_;
    std::vector<Follower> followers_;
    std::uint64_t told_changes_ = 0;  // of the history, those that are events already
    std::map<std::string, base::Instant> told_holds_;  // that are events already, since when
    base::Instant holds_checked_ = base::never;        // when they are, next
    std::vector<Contest> contests_;
    std::vector<LinkId> suspended_;
    std::vector<LinkId> acks_;  // links by which something came that isn't acknowledged
    std::set<std::pair<base::Instant, TerminalId>> agenda_;  // terminals by their deadline
    std::set<std::pair<base::Instant, TerminalId>> probes_;  // services by their next probe
    std::vector<TerminalId> closes_;
    std::vector<NinepDial> ninep_dials_;
    std::vector<base::Report> reports_;
    std::size_t numbered_reports_ = 0;  // of these, that are events already
    std::uint64_t built_gossip_ = 0;    // the versions that the table was built from
    std::uint64_t built_attachments_ = 0;
    std::uint64_t announced_attachments_ = 0;
    std::function<void(std::string_view)> watch_;
    bool shutting_down_ = false;
    bool reconfiguring_ = false;
};

}  // namespace jetway::router
