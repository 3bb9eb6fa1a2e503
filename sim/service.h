// Service: a program attached to a simulated router, which sends to others and takes what comes;
// Ledger: what became of every envelope that was sent.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/world.h"

namespace jetway::sim {

// Envelopes are told apart by a number, which stands in their `data` and their `id`.
class Ledger {
public:
    struct Entry {
        std::string destination;
        base::Instant at;
        std::uint32_t delivered = 0;
        std::uint32_t unmarked = 0;  // of these, without POSSIBLE_DUPLICATE
        std::uint32_t refused = 0;
        bool everywhere = false;  // to `@*`: delivered any number of times
    };

    std::uint64_t sent(const std::string& destination, base::Instant now);
    void delivered(std::uint64_t number, bool possible_duplicate);
    void refused(std::uint64_t number, const std::string& code);

    const std::map<std::uint64_t, Entry>& entries() const { return entries_; }
    const std::map<std::string, std::uint64_t>& codes() const { return codes_; }
    // Neither delivered nor refused, of those sent from then on.
    std::vector<std::uint64_t> unanswered(base::Instant since) const;
    // Delivered twice, and not marked as a possible duplicate.
    const std::string& repeated() const { return repeated_; }
    // Delivered and refused: so it may be where a link died before it had acknowledged one.
    const std::string& contradicted() const { return contradicted_; }

private:
    std::map<std::uint64_t, Entry> entries_;
    std::map<std::string, std::uint64_t> codes_;
    std::string repeated_;
    std::string contradicted_;
};

// The number of an envelope of Ledger's; 0: it isn't one, or it is an answer.
std::uint64_t number_of(const envelope::Frame& frame);

class Service final : public Actor {
public:
    Service(HostId host, std::vector<std::string> names, Ledger& ledger)
        : host_(host), names_(std::move(names)), ledger_(ledger) {}

    // Connects and says HELLO; tries again later by itself when the router isn't there or goes.
    void attach(World& world);
    // Takes its names away, and its connection; it doesn't come back before attach().
    void detach(World& world);
    void send_to(World& world, const std::string& destination);

    // What it would have sent, but was told to hold.
    std::size_t holding() const;
    bool attached() const { return connection != 0; }
    HostId host() const { return host_; }
    const std::vector<std::string>& names() const { return names_; }

    void on_bytes(World& world, base::ByteView bytes) override;
    void on_closed(World& world) override;

private:
    void come_back(World& world);

    HostId host_;
    std::vector<std::string> names_;
    Ledger& ledger_;
    envelope::FrameReader reader_{64U << 20U};
    void put(World& world, std::uint64_t number, const std::string& destination);
    void drop_held();
    void on_hold(World& world, const envelope::Frame& frame);

    bool wanted_ = false;
    std::map<std::string, std::vector<std::uint64_t>, std::less<>> held_;  // numbers by destination
};

}  // namespace jetway::sim
