// Chooser: chooses an instance of one service by its policy, and remembers whose turn it is.
//
// It promises that what can't be used is never chosen, that no choice is made where nothing can be
// used, and that the same calls give the same choices. Which instances there are, how busy they
// are and whether they are healthy it is told anew each time: instances may come and go between
// two calls, and the others' turns go on as they were. One is known by its id alone, so the order
// of the candidates means nothing, except that of two with one id the first is taken.
//
//   peek ─► index of the one whose turn it is     reads only: what would be chosen now
//   took(index)                                   it was: the next one's turn begins
//   choose = peek, then took
//
// Costs: O(candidates) a choice, and no memory but for `weighted`, 16 bytes a candidate.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "balance/candidate.h"
#include "balance/policy.h"
#include "base/random.h"

namespace jetway::balance {

class Chooser {
public:
    Chooser(Policy policy, base::Random random) : policy_(std::move(policy)), random_(random) {}

    const Policy& policy() const { return policy_; }
    void set_policy(const Policy& policy) { policy_ = policy; }

    // The index of the candidate to use; nothing if none is usable. `key` is sticky's, and ignored
    // by the others.
    std::optional<std::size_t> peek(std::span<const Candidate> candidates,
                                    std::string_view key) const;

    // candidates[chosen] is used, as peek said of the same candidates or otherwise.
    void took(std::span<const Candidate> candidates, std::size_t chosen);

    std::optional<std::size_t> choose(std::span<const Candidate> candidates, std::string_view key) {
        const std::optional<std::size_t> chosen = peek(candidates, key);
        if (chosen) {
            took(candidates, *chosen);
        }
        return chosen;
    }

private:
    // How far a candidate of `weighted` is ahead of its share, or behind it.
    struct Credit {
        std::uint64_t id = 0;
        std::int64_t value = 0;
    };

    template <typename Among>
    std::optional<std::size_t> next_in_turn(std::span<const Candidate> candidates,
                                            Among among) const;
    std::optional<std::size_t> any(std::span<const Candidate> candidates) const;
    std::optional<std::size_t> by_weight(std::span<const Candidate> candidates) const;
    std::vector<Credit> credits_of(std::span<const Candidate> candidates) const;

    Policy policy_;
    base::Random random_;
    std::uint64_t last_ = 0;  // the id that was chosen last
    std::vector<Credit> credits_;
};

}  // namespace jetway::balance
