// Holds: what may not be sent for now, and who was told so (docs/protocol.md, "Flow control").
//
// A gate is one reason to hold: a service whose queue is past its high mark, a link whose queue is,
// or a destination that the next router asked us to hold. While a gate is closed, each sender that
// sends through it is told HOLD, once, for the address that it sent to; when the last gate that it
// was told of opens, it is told RESUME. Envelopes for a destination that the next router holds wait
// here, in a queue of their own; for the others the queue that is too long is the one they wait in.
//
// It keeps the books. Who is to be told, and what becomes of those that waited, is Forwarder's.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "router/neighbour.h"
#include "router/transit.h"

namespace jetway::router {

// A sender: a service's connection, or a link.
struct Sender {
    TerminalId service = 0;
    LinkId link = 0;

    friend auto operator<=>(const Sender&, const Sender&) = default;
};

using Gate = std::uint64_t;

// A `service@machine` that the next router asked to hold.
struct HeldDestination {
    Gate gate = 0;
    LinkId by = 0;               // the link that asked
    base::Instant until{};       // what waits by then is refused
    bool draining = false;       // it is held no more, and what waited goes first
    base::Instant release_at{};  // draining: the next slice
    WaitingRoom waiting;
};

class Holds {
public:
    static constexpr std::size_t most_addresses = 4096;     // that one sender is told
    static constexpr std::size_t most_destinations = 4096;  // that are held at once

    // Nothing is held: the one question that forwarding asks each time.
    bool empty() const { return services_.empty() && links_.empty() && held_.empty(); }

    // The gate of a service or link whose queue is past its high mark; made when it isn't there.
    Gate crowd(TerminalId service, base::Instant now) { return crowd(services_, service, now); }
    Gate crowd_link(LinkId link, base::Instant now) { return crowd(links_, link, now); }
    bool crowded(TerminalId service) const { return services_.contains(service); }
    bool crowded_link(LinkId link) const { return links_.contains(link); }

    // What `link` asked to hold; nullptr when too many are held.
    HeldDestination* hold(std::string_view machine, std::string_view service, LinkId link,
                          base::Instant until);
    HeldDestination* held(std::string_view machine, std::string_view service);
    const HeldDestination* held(std::string_view machine, std::string_view service) const {
        return const_cast<Holds*>(this)->held(machine, service);
    }
    bool any_held(std::string_view machine) const { return held_.find(machine) != held_.end(); }
    // Calls visit(machine, service, held) for each; `visit` adds and erases none.
    template <typename Visit>
    void for_each_held(Visit&& visit) {
        for (auto& [machine, services] : held_) {
            for (auto& [service, held] : services) {
                visit(machine, service, held);
            }
        }
    }
    template <typename Visit>
    void for_each_held(Visit&& visit) const {
        for (const auto& [machine, services] : held_) {
            for (const auto& [service, held] : services) {
                visit(machine, service, held);
            }
        }
    }

    // `sender` sends through a closed gate. True: it has to be told HOLD.
    bool tell(Gate gate, Sender sender, const std::string& address);

    using Resume = std::function<void(Sender sender, const std::string& address)>;
    // The gate is open: `resume` is called for those that no other gate holds.
    void open_service(TerminalId service, const Resume& resume) {
        open(services_, service, resume);
    }
    void open_link(LinkId link, const Resume& resume) { open(links_, link, resume); }
    void open_held(const std::string& machine, const std::string& service, const Resume& resume);
    // Addresses without a machine, which were held because all instances were: those that
    // open(name) says so of are resumed.
    void open_names(const std::function<bool(const std::string& name)>& open, const Resume& resume);

    // The sender is gone.
    void forget(Sender sender);
    // What a sender holds because we told it.
    std::vector<std::string> told(Sender sender) const;
    bool tells(Sender sender) const { return told_.find(sender) != told_.end(); }
    std::size_t told_in_all() const;

    // Crowded services and links, with the time since when.
    std::vector<std::pair<TerminalId, base::Instant>> crowded_services() const {
        return list(services_);
    }
    std::vector<std::pair<LinkId, base::Instant>> crowded_links() const { return list(links_); }

    std::size_t waiting() const;        // envelopes, for held destinations
    std::size_t waiting_bytes() const;  // of them
    std::size_t destinations() const;   // that are held

private:
    struct Crowd {
        Gate gate = 0;
        base::Instant since{};
    };
    using Crowds = std::map<std::uint32_t, Crowd>;
    using Told = std::vector<std::pair<Sender, std::string>>;  // and what it was told to hold

    Gate crowd(Crowds& among, std::uint32_t id, base::Instant now);
    void open(Crowds& among, std::uint32_t id, const Resume& resume);
    void open_gate(Gate gate, const Resume& resume);
    void resume_all(const Told& free, const Resume& resume);
    static std::vector<std::pair<std::uint32_t, base::Instant>> list(const Crowds& crowds);

    Gate last_gate_ = 0;
    Crowds services_;
    Crowds links_;
    std::map<std::string, std::map<std::string, HeldDestination, std::less<>>, std::less<>> held_;
    std::map<Sender, std::map<std::string, std::set<Gate>>> told_;
};

}  // namespace jetway::router
