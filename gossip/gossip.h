// Gossip: what this router tells its neighbours of the machines it can reach, and what it believes
// of what they tell it. docs: routing.md's rules; the algorithm is Babel's, RFC 8966.
//
// It promises that following selected routes never comes back to where it was, whatever has or
// hasn't been heard yet; that a settled mesh costs one heartbeat a link each interval; and that the
// same calls give the same bytes. It is pure: told what happened and when, it collects what is to
// be sent and reported. To find out that a link is up, down or silent, to carry the bytes, and to
// make a table of what is known, is left to others.
//
//   a turn of the shell:   on_…(now) any number of times, then take_outgoing(), which writes what
//   the calls of this
//                          moment changed; sleep until next_deadline(), then on_deadline(now).
//
//   a machine:   unknown ─► announced ─► selected ◄─► awaited (only unfeasible routes: ask, 250 ms,
//   again)
//                               └──────────── no neighbour announces it ─► its distance only ─10
//                               min─► unknown
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "envelope/announce.h"
#include "gossip/link.h"
#include "gossip/machine.h"
#include "gossip/options.h"
#include "gossip/own_machine.h"
#include "gossip/report.h"
#include "gossip/routes.h"
#include "gossip/rules.h"

namespace jetway::gossip {

struct Counters {
    std::uint64_t announces_received = 0;
    std::uint64_t malformed = 0;  // announcements that can't be read, or are not of that neighbour
    std::uint64_t refused = 0;    // entries of announcements that the rules refuse
    std::uint64_t announces_sent = 0;
    std::uint64_t bytes_announced = 0;
    std::uint64_t full_sent = 0;
    std::uint64_t full_asked = 0;  // by us
    std::uint64_t requests_sent = 0;
    std::uint64_t requests_passed = 0;
};

class Gossip {
public:
    Gossip(Options options, std::string machine, std::uint64_t incarnation);
    Gossip(const Gossip&) = delete;
    Gossip& operator=(const Gossip&) = delete;
    Gossip(Gossip&&) = default;
    Gossip& operator=(Gossip&&) = default;

    // A link is new: the neighbour gets a full announcement. A link that is known is first taken
    // down.
    void on_link_up(LinkId link, std::string neighbour, std::uint16_t cost, base::Instant now);
    // A suspended link has a new connection: what was under way is lost, so it starts with a full
    // announcement. What was learned over it stays.
    void on_link_resumed(LinkId link, base::Instant now);
    // Its routes are gone at once.
    void on_link_down(LinkId link, base::Instant now);
    // What is malformed or says that it is another neighbour's is a report and a counter, and
    // changes nothing. False: it is the third in a row that says so: the neighbour isn't who its
    // HELLO said, and the link is better closed.
    bool on_announce(LinkId link, base::ByteView body, base::Instant now);
    // Our catalog; its revision grows when it differs from the present one.
    void set_services(std::vector<envelope::CatalogService> ours, base::Instant now);
    // What neighbours may announce; all, until this is called. What was taken from them and no
    // longer may be is dropped at once, and what may be now is asked for again. A catalog that was
    // passed on already stays with whoever has it until its next revision.
    void set_rules(Rules rules, base::Instant now);
    // Other intervals and bounds from now on. Machines beyond a lower bound stay until they go.
    void set_options(const Options& options, base::Instant now);
    // Whether we carry what others send each other: if not, only our own machine is announced.
    void set_transit(bool carries, base::Instant now);
    // Shutdown: retracts our machine and every route we offered, now and for good.
    void retract_self(base::Instant now);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const;  // base::never when none

    struct Outgoing {
        LinkId link;
        base::Bytes body;  // of an ANNOUNCE
    };
    // What is to be sent at the moment of the last call; what must wait stays for a later one.
    std::vector<Outgoing> take_outgoing();
    std::vector<Report> take_reports();

    // Grows whenever a selected route, an alternative or a catalog changed.
    std::uint64_t table_version() const { return version_; }
    // Grows whenever a selected route did: the part of it that forwarding follows.
    std::uint64_t selected_version() const { return selected_version_; }
    // The machines whose selected route or catalog the last on_… or set_services may have changed:
    // each once, no more than were known at its start and its end. The next such call clears it.
    const std::vector<std::string>& changed() const { return changed_; }
    // The neighbour's first full announcement on this link has come, with all its parts.
    bool heard_whole(LinkId link) const;

    struct MachineView {
        std::string_view machine;
        const std::vector<LearnedRoute>& routes;  // selected first, then feasible, then the others
        const LearnedRoute* selected;             // null: none; our own machine has none
        const envelope::Catalog* catalog;         // may be null
        bool awaited;                             // only unfeasible routes: envelopes wait
    };
    // All machines that have a route or are ours, in order of name. Views are good until the next
    // call of on_….
    std::vector<MachineView> machines() const;
    // Calls visit(machine, route) for every machine that has a selected route, in order of name.
    template <typename Visit>
    void for_each_selected(Visit&& visit) const {
        for (const Record& record : machines_) {
            if (const LearnedRoute* selected = record.second.routes.selected()) {
                visit(std::string_view(record.first), *selected);
            }
        }
    }
    // The selected route to a machine; nullptr: none.
    const LearnedRoute* selected(std::string_view machine) const {
        const auto found = machines_.find(machine);
        return found != machines_.end() ? found->second.routes.selected() : nullptr;
    }
    std::optional<MachineView> find(std::string_view machine) const;

    struct LinkView {
        LinkId link;
        std::string_view neighbour;
        std::uint16_t cost;
        std::size_t routes;           // learned over it
        base::Instant last_announce;  // base::Instant::min(): none yet
        bool settled;                 // nothing waits to be sent or asked for
        std::uint64_t refused;        // entries of its announcements that the rules refused
    };
    std::vector<LinkView> links() const;  // in order of LinkId
    const Counters& counters() const { return counters_; }

    std::string_view machine() const { return own_->first; }
    std::uint64_t sequence() const { return own_number_.sequence(); }
    // Machines that memory is held for: those with routes, and those whose distance is kept.
    std::size_t known_machines() const { return machines_.size() - 1; }

private:
    class Writer;

    // receive.cpp: what a neighbour says; refuse.cpp: what is not taken.
    void begin_full(Link& link);
    void end_full(LinkId id, Link& link);
    void hear_route(LinkId id, Link& link, const envelope::RouteEntry& entry, base::Instant now);
    void hear_own_route(LinkId id, Link& link, const envelope::RouteEntry& entry,
                        base::Instant now);
    void hear_retraction(LinkId id, Link& link, Record& record);
    void learn(LinkId id, const Link& link, Record& record, const envelope::RouteEntry& entry,
               base::Instant now);
    void count_catalog(LinkId id, Link& link, Record& record, std::uint64_t digest);
    void hear_catalog(LinkId id, Link& link, envelope::Catalog& catalog, base::Instant now);
    void hear_own_catalog(Link& link, const envelope::Catalog& catalog, base::Instant now);
    void pass_own_catalog(std::uint64_t incarnation);
    void hear_request(LinkId id, Link& link, const envelope::SequenceRequest& request,
                      base::Instant now);
    void pass_on(LinkId from, Record& record, const envelope::SequenceRequest& request,
                 base::Instant now);
    void check_digest(Link& link, std::uint64_t digest);
    void count_refused(Link& link, std::string_view machine, std::uint64_t route,
                       std::uint64_t catalog);
    bool forget_refused(Link& link, std::string_view machine);
    void refuse(Link& link, std::string_view machine, std::string reason, base::Instant now);
    bool refuse_machine(LinkId id, Link& link, std::string_view machine, base::Instant now);
    std::uint32_t filter(Link& link, envelope::Catalog& catalog, base::Instant now);
    void filter_again(Record& record);
    void report_peer(Link& link, Report report, base::Instant now);
    void report_duplicate(JumpWatch& watch, const Link& link, const std::string& what,
                          base::Instant now);

    // settle.cpp: what follows from it.
    void touch(Record& record);
    void note_changed(Record& record);
    void settle_touched(base::Instant now);
    void settle(Record& record, base::Instant now);
    void set_due(Record& record, base::Instant due);
    void on_machine_due(Record& record, base::Instant now);
    void ask(Record& record, base::Instant now);
    void forget_catalog(Record& record);
    bool tidy(Record& record);
    void offer_changed(Record& record);
    void mark_changed(LinkId id, Link& link, Record& record, bool repeat);

    // gossip.cpp: links, our own machine, time, reading.
    void begin_call(base::Instant now);
    void replace_own_catalog(std::uint64_t incarnation, std::uint64_t revision,
                             std::vector<envelope::CatalogService> services);
    void drop_link(LinkId id, base::Instant now);
    bool before(LinkId a, LinkId b) const;
    MachineView view(const Record& record) const;

    // send.cpp: what is said.
    Offer offer_of(const Record& record) const;
    void write_link(LinkId id, Link& link, std::vector<Outgoing>& out);
    void write_full(LinkId id, Link& link, Writer& writer);
    void write_changes(LinkId id, Link& link, Writer& writer);
    void write_machine(Link& link, Record& record, Exchange& exchange, Writer& writer);

    Options options_;
    Rules rules_;
    std::uint64_t incarnation_;
    Machines machines_;  // ours too
    Record* own_;
    OwnMachine own_number_;
    Links links_;
    std::set<std::pair<base::Instant, std::string_view>> due_;  // machines by their `due`
    std::vector<Record*> touched_;
    std::vector<std::string> changed_;  // names: a record may be gone before it is looked at
    std::uint64_t call_ = 0;            // the calls so far, for a machine to be in `changed_` once
    std::vector<Report> reports_;
    Counters counters_;
    base::Instant now_{};
    std::uint64_t version_ = 1;
    std::uint64_t selected_version_ = 1;
    bool withdrawn_ = false;
    bool transit_ = true;
};

}  // namespace jetway::gossip
