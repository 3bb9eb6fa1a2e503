// Decision: where an envelope goes from here, and why not elsewhere. Decider makes it by reading
// alone: Forwarder acts on it, and `explain` shows it, so that what is explained is what happens.
#pragma once

#include <memory>
#include <string_view>

#include "router/connection.h"
#include "router/counters.h"
#include "router/destinations.h"
#include "router/holds.h"
#include "router/route_table.h"

namespace jetway::router {

struct Decision {
    enum class Outcome : std::uint8_t {
        delivered,  // to a service of this machine, by `terminal`
        forwarded,  // to the next router, by `link`
        router,     // this router is who it is for
        echo,       // reflected by the loopback
        copied,     // to every machine that has the service
        waits,      // for a feasible route to `machine`
        refused,    // with `refusal` and `message`
    };
    Outcome outcome = Outcome::refused;
    TerminalId terminal = 0;                // delivered: the instance's
    LinkId link = 0;                        // forwarded: to the next router
    const MachineEntry* machine = nullptr;  // what it is pinned to; nullptr: that is unknown
    bool bound =
        false;  // `machine` was chosen among those that have the service, and may be chosen anew
    std::uint8_t turns = 0;  // of the service, that are used up with it
    Refusal refusal = Refusal::no_route;
    std::string_view message;
    std::unique_ptr<Picks> picks;  // by a policy other than `nearest`; null: none
};

class Decider {
public:
    // All are borrowed. `envelope` has the keys of sticky policies; nullptr: none are known.
    Decider(const RouteTable& table, const ConnectionTable& connections, const Holds& holds,
            const envelope::EnvelopeView* envelope)
        : table_(table), connections_(connections), holds_(holds), envelope_(envelope) {}

    // Whether every instance of a service is held, or can't take more for now.
    bool held(const Destination& to) const;

    // At the first router, which binds. `text` is the destination as it was written.
    Decision at_first(const Destination& to, std::string_view text) const;

    // Among the machines that have the service; `spare_us`: not this one, unless it is the only
    // one. `turns` were used up before.
    Decision among_machines(const Destination& to, std::string_view text, bool spare_us,
                            std::uint8_t turns) const;

    // On the way to a machine other than this one; nullptr: one that nobody announces.
    Decision on_the_way(const MachineEntry* machine, std::string_view text) const;

    // On the machine that it is pinned to. `may_rebind`: another machine may have it if no instance
    // is up here.
    Decision here(const Destination& to, std::string_view text, bool may_rebind,
                  std::uint8_t turns) const;

private:
    const RouteTable& table_;
    const ConnectionTable& connections_;
    const Holds& holds_;
    const envelope::EnvelopeView* envelope_;

    // By the service's policy, which isn't `nearest`; nullptr: nothing can be used.
    const MachineEntry* by_policy(const ServiceEntry& service, bool spare_us, Picks& picks) const;
    TerminalId by_policy_here(const ServiceEntry& service, Picks& picks) const;
    std::string_view key_of(const balance::Policy& policy) const;
    bool held_at(const MachineEntry& machine, const ServiceEntry& service) const;
    const MachineEntry* open_machine(const ServiceEntry& service, std::uint32_t turn,
                                     bool spare_us) const;
};

}  // namespace jetway::router
