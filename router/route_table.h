// RouteTable: where a frame goes, as of one moment. Built aside from what gossip learned and what
// is attached here, then swapped in whole; never changed after that. Forwarding reads nothing else.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "balance/policy.h"
#include "gossip/gossip.h"
#include "router/attachments.h"
#include "router/service_balance.h"

namespace jetway::router {

// A machine that has been announced.
struct MachineEntry {
    std::string name;
    bool self = false;
    LinkId next = 0;  // of the selected route; 0: none
    std::uint16_t cost = envelope::infinity;
    bool awaited = false;  // no feasible route, but a neighbour announces one: envelopes wait

    bool reachable() const { return self || next != 0; }
};

// A service that at least one machine lists.
struct ServiceEntry {
    std::string name;
    // One element for each instance that is up on a reachable machine: the machine's index.
    std::vector<std::uint32_t> nearest;    // those of the least cost, mixed; they take turns
    std::vector<std::uint32_t> reachable;  // each machine once, the least cost first
    std::vector<std::uint32_t> awaited;    // machines with an instance up, for which envelopes wait
    std::vector<TerminalId> here;          // this machine's instances; they take turns
    bool listed = false;  // by a machine that can be reached or is waited for, whatever its health
    bool listed_here = false;
    bool ninep = false;                 // an instance of it is a 9P server, and takes no envelopes
    bool envelopes = false;             // an instance of it isn't, or none was ever there
    balance::Policy policy;             // what was set, or the default
    std::uint64_t policy_revision = 0;  // 0: it is the default
    std::string policy_machine;         // where it was set
    // Whose turn it is. Belongs to the service and outlives the table.
    std::shared_ptr<std::uint32_t> turn;

    // With a policy other than `nearest`, and null without: the same for all instances that are up
    // on reachable machines, and for those of `here`.
    struct Place {
        std::uint32_t machine = 0;  // its index
        std::uint32_t beside = 1;   // instances of the service there, itself among them
    };
    std::shared_ptr<ServiceBalance> balancing;
    std::vector<balance::Candidate> instances;
    std::vector<Place> places;                       // of `instances`
    std::vector<balance::Candidate> instances_here;  // of `here`
};

class RouteTable {
public:
    // A table with this machine alone.
    explicit RouteTable(const std::string& self);

    // The table of what `gossip` and `attachments` hold now; turns carry on from `previous`.
    static std::unique_ptr<const RouteTable> build(const gossip::Gossip& gossip,
                                                   const Attachments& attachments,
                                                   const std::string& self,
                                                   const RouteTable& previous);

    // nullptr when no machine, or no service, of that name is known.
    const MachineEntry* machine(std::string_view name) const;
    const ServiceEntry* service(std::string_view name) const;

    const MachineEntry& self() const { return machines_[self_]; }
    const MachineEntry& machine_at(std::uint32_t index) const { return machines_[index]; }
    const std::vector<MachineEntry>& machines() const { return machines_; }
    // In no order that means anything.
    template <typename Visit>
    void for_each_service(Visit&& visit) const {
        for (const auto& [name, service] : services_) {
            visit(service);
        }
    }
    std::size_t service_count() const { return services_.size(); }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    template <typename Value>
    using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

    RouteTable() = default;
    ServiceEntry& entry(const std::string& name, const RouteTable& previous);
    void add_services(const std::vector<envelope::CatalogService>& services, std::uint32_t machine,
                      const RouteTable& previous);
    void hear_policy(ServiceEntry& service, const envelope::CatalogService& offered,
                     const MachineEntry& at);
    void sort_candidates();
    bool settle_policies(const RouteTable& previous);
    void add_instances(const std::vector<envelope::CatalogService>& services,
                       std::uint32_t machine);

    std::vector<MachineEntry> machines_;
    std::size_t self_ = 0;
    Map<std::uint32_t> machine_index_;
    Map<ServiceEntry> services_;
};

}  // namespace jetway::router
