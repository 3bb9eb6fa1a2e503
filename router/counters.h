// Counters: what became of every envelope at this router.
//
// received + originated + returned = forwarded + delivered + sum(refused) + waiting, at the end of
// every turn.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace jetway::router {

// Why an envelope was refused: the codes of docs/protocol.md, "Undeliverable", that arise in a
// router.
enum class Refusal : std::uint8_t {
    no_route,
    no_instance,
    hop_limit,
    overloaded,
    forbidden_source,
    forbidden,
    too_large,
    bad_envelope,
    link_lost,
    timeout,
};

inline constexpr std::array<std::string_view, 10> refusal_codes = {
    "no-route",  "no-instance", "hop-limit",    "overloaded", "forbidden-source",
    "forbidden", "too-large",   "bad-envelope", "link-lost",  "timeout"};

inline std::string_view refusal_code(Refusal refusal) {
    return refusal_codes[static_cast<std::size_t>(refusal)];
}

using Refusals = std::array<std::uint64_t, refusal_codes.size()>;

struct Counters {
    std::uint64_t received = 0;  // ENVELOPE frames from services and routers
    std::uint64_t originated =
        0;                       // made here: answers, error envelopes, reports, the copies of `@*`
    std::uint64_t returned = 0;  // forwarded, but the link died before they were acknowledged
    std::uint64_t forwarded = 0;    // to a neighbour
    std::uint64_t delivered = 0;    // to a service, or taken by this router or its loopback
    std::uint64_t holds_told = 0;   // HOLD frames to services and neighbours
    std::uint64_t errors_held = 0;  // error envelopes and reports that the rate limit held back
    Refusals refused{};
    // Of what was delivered: what this router took itself, and what its loopback did.
    std::uint64_t by_router = 0;
    std::uint64_t by_loopback = 0;
    // What was counted for links and terminals that are no more.
    struct Gone {
        std::uint64_t received = 0;
        std::uint64_t sent = 0;       // to neighbours
        std::uint64_t delivered = 0;  // to services
    } gone;

    // Envelopes that this router had to do something about, and those that it did it for.
    std::uint64_t taken() const { return received + originated + returned; }
    std::uint64_t done() const { return forwarded + delivered + refused_in_all(); }

    std::uint64_t refused_in_all() const {
        return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
    }
};

}  // namespace jetway::router
