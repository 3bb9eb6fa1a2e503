#include "balance/chooser.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace jetway::balance {

namespace {

// FNV-1a, and a last mixing (Random's) that lets every bit of the text reach every bit of it.
std::uint64_t hash(std::uint64_t seed, std::string_view text) {
    std::uint64_t value = seed;
    for (const char c : text) {
        value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return base::Random(value).next();
}

constexpr std::uint64_t fnv_basis = 0xcbf29ce484222325U;

// Rendezvous hashing with weights: each candidate draws a number from (key, id), and the highest
// wins, so that the end of one moves only what it had won. -w / ln(u) of a uniform u wins with the
// probability of its weight's share (Schindelhauer, Schomaker: "Weighted distributed hash tables",
// SPAA 2005).
double draw(std::uint64_t key, const Candidate& candidate) {
    const std::uint64_t mixed = base::Random(key ^ base::Random(candidate.id).next()).next();
    const double uniform = (static_cast<double>(mixed >> 11U) + 0.5) * 0x1.0p-53;  // in (0, 1)
    return -static_cast<double>(candidate.weight) / std::log(uniform);
}

std::optional<std::size_t> by_key(std::span<const Candidate> candidates, std::string_view key) {
    const std::uint64_t hashed = hash(fnv_basis, key);
    std::optional<std::size_t> best;
    double most = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const double drawn = candidates[i].usable ? draw(hashed, candidates[i]) : 0;
        if (candidates[i].usable && (!best || drawn > most)) {
            best = i;
            most = drawn;
        }
    }
    return best;
}

// The least of what `measure` says of the usable ones.
template <typename Measure>
std::uint64_t least(std::span<const Candidate> candidates, Measure measure) {
    std::uint64_t value = UINT64_MAX;
    for (const Candidate& candidate : candidates) {
        if (candidate.usable) {
            value = std::min<std::uint64_t>(value, measure(candidate));
        }
    }
    return value;
}

}  // namespace

std::uint64_t instance_id(std::string_view where, std::string_view what) {
    return hash(hash(fnv_basis, where), what);
}

// The one with the next higher id than the last, or the lowest: so everybody has a turn, whoever
// comes and goes.
template <typename Among>
std::optional<std::size_t> Chooser::next_in_turn(std::span<const Candidate> candidates,
                                                 Among among) const {
    std::optional<std::size_t> best;
    const auto distance = [this](const Candidate& candidate) { return candidate.id - last_ - 1; };
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].usable && among(candidates[i]) &&
            (!best || distance(candidates[i]) < distance(candidates[*best]))) {
            best = i;
        }
    }
    return best;
}

std::optional<std::size_t> Chooser::any(std::span<const Candidate> candidates) const {
    const auto usable = [](const Candidate& candidate) { return candidate.usable; };
    const auto count = std::count_if(candidates.begin(), candidates.end(), usable);
    base::Random random = random_;  // took() moves the real one on
    std::uint64_t skip = random.below(static_cast<std::uint64_t>(count));
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].usable && skip-- == 0) {
            return i;
        }
    }
    return std::nullopt;
}

// What each candidate has, in their order; those that are no candidates any more are forgotten.
std::vector<Chooser::Credit> Chooser::credits_of(std::span<const Candidate> candidates) const {
    const bool same =
        std::equal(credits_.begin(), credits_.end(), candidates.begin(), candidates.end(),
                   [](const Credit& credit, const Candidate& c) { return credit.id == c.id; });
    if (same) {
        return credits_;
    }
    std::map<std::uint64_t, std::int64_t> before;
    for (const Credit& credit : credits_) {
        before.emplace(credit.id, credit.value);
    }
    std::vector<Credit> credits;
    credits.reserve(candidates.size());
    for (const Candidate& candidate : candidates) {
        const auto found = before.find(candidate.id);
        credits.push_back({candidate.id, found != before.end() ? found->second : 0});
    }
    return credits;
}

// Each gains its weight, and who has most is chosen and pays for all: shares as the weights say,
// and mixed, not in runs.
std::optional<std::size_t> Chooser::by_weight(std::span<const Candidate> candidates) const {
    const std::vector<Credit> credits = credits_of(candidates);
    std::optional<std::size_t> best;
    const auto worth = [&](std::size_t i) {
        return credits[i].value + std::int64_t{candidates[i].weight};
    };
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].usable &&
            (!best || worth(i) > worth(*best) ||
             (worth(i) == worth(*best) && candidates[i].id < candidates[*best].id))) {
            best = i;
        }
    }
    return best;
}

std::optional<std::size_t> Chooser::peek(std::span<const Candidate> candidates,
                                         std::string_view key) const {
    const auto all = [](const Candidate&) { return true; };
    switch (policy_.kind) {
        case Policy::Kind::round_robin:
            return next_in_turn(candidates, all);
        case Policy::Kind::least_conn: {
            const std::uint64_t load = least(candidates, [](const Candidate& c) { return c.load; });
            return next_in_turn(candidates, [&](const Candidate& c) { return c.load == load; });
        }
        case Policy::Kind::random:
            return any(candidates);
        case Policy::Kind::weighted:
            return by_weight(candidates);
        case Policy::Kind::nearest: {
            const std::uint64_t cost = least(candidates, [](const Candidate& c) { return c.cost; });
            return next_in_turn(candidates, [&](const Candidate& c) { return c.cost == cost; });
        }
        case Policy::Kind::sticky:
            return key.empty() ? next_in_turn(candidates, all) : by_key(candidates, key);
    }
    return std::nullopt;
}

void Chooser::took(std::span<const Candidate> candidates, std::size_t chosen) {
    last_ = candidates[chosen].id;
    if (policy_.kind == Policy::Kind::random) {
        random_.next();
    }
    if (policy_.kind != Policy::Kind::weighted) {
        credits_.clear();
        return;
    }
    credits_ = credits_of(candidates);
    std::int64_t all = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].usable) {
            credits_[i].value += candidates[i].weight;
            all += candidates[i].weight;
        }
    }
    credits_[chosen].value -= all;
}

}  // namespace jetway::balance
