// Link: one neighbour's connection as gossip sees it: the sums of both directions, what is waiting
// to be sent, and when what may be sent again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gossip/machine.h"

namespace jetway::gossip {

// What a neighbour said and our rules refused: counted in the digest, and known only for that.
struct Refused {
    std::uint64_t route = 0;
    std::uint64_t catalog = 0;
    std::uint16_t epoch = 0;
};

struct PendingRequest {
    std::uint64_t sequence = 0;
    std::uint8_t hops_left = 0;
};

struct Link {
    std::string neighbour;
    std::uint16_t cost = 1;

    // Heard.
    std::uint64_t heard_digest = 0;
    std::uint16_t epoch = 0;   // grows with every full announcement that begins
    bool assembling = false;   // a full one has begun and its last part has not come
    bool heard_whole = false;  // a full one has come with all its parts
    bool uncounted = false;    // more was refused than is remembered: the digest can't be checked
    std::map<std::string, Refused, std::less<>> refused;
    base::Instant last_announce = base::Instant::min();  // min: never
    base::Instant report_at = base::Instant::min();      // no report of this link before it
    std::uint64_t reports_held_back = 0;
    std::uint64_t refusals = 0;  // entries that the rules refused

    std::uint8_t misnamed = 0;  // announcements in a row that bore another machine's name

    // To be sent.
    std::uint64_t announced_digest = 0;
    bool send_full = true;
    bool want_full = false;
    bool heartbeat = false;
    base::Instant full_at = base::Instant::min();  // none of them before its time
    base::Instant want_full_at = base::Instant::min();
    base::Instant burst_at = base::Instant::min();
    base::Instant heartbeat_at = base::never;
    std::vector<Record*> changed;
    std::map<std::string, PendingRequest, std::less<>> requests;

    // Sends a request with the next announcement; of two for one machine, what either asks.
    void request(const std::string& machine, PendingRequest request);

    // When the next announcement is due, base::never if there is nothing to say.
    base::Instant due() const;
};

using Links = std::map<LinkId, Link>;

}  // namespace jetway::gossip
