// Service: a program attached to a simulated router, which sends to others, takes what comes, and
// answers it where it is one that does;
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
        std::uint32_t answered = 0;
        std::uint32_t unmarked_answers = 0;
        std::uint32_t answers_refused = 0;
        bool everywhere = false;  // to `@*`: delivered any number of times
    };

    std::uint64_t sent(const std::string& destination, base::Instant now);
    void delivered(std::uint64_t number, bool possible_duplicate);
    void refused(std::uint64_t number, const std::string& code);
    void answered(std::uint64_t number, bool possible_duplicate);
    void answer_refused(std::uint64_t number, const std::string& code);

    const std::map<std::uint64_t, Entry>& entries() const { return entries_; }
    const std::map<std::string, std::uint64_t>& codes() const { return codes_; }
    // Neither delivered nor refused, of those sent from then on.
    std::vector<std::uint64_t> unanswered(base::Instant since) const;
    // Delivered and not refused, and nobody was told of an answer.
    std::vector<std::uint64_t> without_answer(base::Instant since) const;
    // Answered more often than delivered, by answers that aren't marked as possible duplicates.
    const std::string& answered_twice() const { return answered_twice_; }
    std::uint64_t answers() const { return answers_; }
    // Delivered twice, and not marked as a possible duplicate.
    const std::string& repeated() const { return repeated_; }
    // Delivered and refused: so it may be where a link died before it had acknowledged one.
    const std::string& contradicted() const { return contradicted_; }

private:
    std::map<std::uint64_t, Entry> entries_;
    std::map<std::string, std::uint64_t> codes_;
    std::string repeated_;
    std::string contradicted_;
    std::string answered_twice_;
    std::uint64_t answers_ = 0;
};

// The number of an envelope of Ledger's; 0: it isn't one, or it is an answer.
std::uint64_t number_of(const envelope::Frame& frame);

class Service final : public Actor {
public:
    Service(HostId host, std::vector<std::string> names, Ledger& ledger, bool answers = false)
        : host_(host), names_(std::move(names)), ledger_(ledger), answers_(answers) {}

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
    // An envelope of that number, or the answer to it.
    struct Held {
        std::uint64_t number = 0;
        bool answer = false;
    };
    void put_or_hold(World& world, const Held& what, const std::string& destination);
    void put(World& world, const Held& what, const std::string& destination);
    void on_envelope(World& world, const envelope::Frame& frame);
    void drop_held();
    void on_hold(World& world, const envelope::Frame& frame);

    bool wanted_ = false;
    bool answers_;
    std::map<std::string, std::vector<Held>, std::less<>> held_;  // by destination
};

}  // namespace jetway::sim
