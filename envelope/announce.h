// ANNOUNCE: what a router tells a neighbour of the machines it can reach and the services they
// have. Keys: docs/protocol.md, "ANNOUNCE". The meaning of the numbers is gossip/'s.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "envelope/hello.h"

namespace jetway::envelope {

inline constexpr std::uint16_t infinity = 65'535;  // the cost of a retraction

// [machineId, sequence number, cost, hops]
struct RouteEntry {
    std::string machine_id;
    std::uint64_t sequence = 0;
    std::uint16_t cost = infinity;
    std::uint16_t hops = 0;

    friend bool operator==(const RouteEntry&, const RouteEntry&) = default;
};

// [machineId, sequence number, hops left]
struct SequenceRequest {
    std::string machine_id;
    std::uint64_t sequence = 0;
    std::uint8_t hops_left = 0;

    friend bool operator==(const SequenceRequest&, const SequenceRequest&) = default;
};

enum class Health : std::uint8_t { up, detached, unhealthy, draining };

std::string_view health_name(Health health);

// The bounds of what a catalog says of an instance: bytes of printable ASCII without blanks in
// `ninep`, with single ones between words in `policy`.
inline constexpr std::size_t max_ninep = 512;
inline constexpr std::size_t max_policy = 192;
inline constexpr std::uint64_t max_policy_revision = std::uint64_t{1} << 53U;

// One instance of a service, as a catalog lists it.
struct CatalogService {
    ServiceEntry service;
    std::uint64_t instance = 0;
    Health health = Health::up;
    std::string ninep{};   // a 9P server's address (ninep_address.h); empty: it speaks envelopes
    std::string policy{};  // of the service, as this machine was told; empty: it was told none
    std::uint64_t policy_revision = 0;  // with `policy`: up to max_policy_revision

    friend bool operator==(const CatalogService&, const CatalogService&) = default;
};

// All services of one machine. `raw` is the map as it came, unknown keys included: what is passed
// on.
struct Catalog {
    std::string machine_id;
    std::uint64_t incarnation = 0;
    std::uint64_t revision = 0;
    std::vector<CatalogService> services;
    base::Bytes raw;
};

struct Announce {
    std::string machine_id;  // the sender
    std::uint64_t incarnation = 0;
    bool full = false;
    bool more = false;
    bool want_full = false;
    std::uint64_t digest = 0;
    std::vector<RouteEntry> routes;
    std::vector<Catalog> catalogs;
    std::vector<SequenceRequest> requests;
};

// The whole of it or an error of code `bad-announce`: nothing is acted upon before all has been
// read. Names are checked for their form; whether a `ninep` is an address and a `policy` one that
// is known here is left to who uses them. Unknown keys are ignored, in a catalog kept in its `raw`.
base::Result<Announce> read_announce(base::ByteView body);

// Appends one msgpack value; catalogs go out as their `raw`.
void append_announce(base::Bytes& to, const Announce& announce);

// The `raw` of a catalog made here, from its other fields.
base::Bytes make_catalog_raw(const Catalog& catalog);

// What a route, and a catalog, add to a digest: the first 8 bytes, big-endian, of the SHA-256 of
// the msgpack of [machineId, sequence number, cost, hops] and of [machineId, incarnation,
// revision].
std::uint64_t route_digest(const RouteEntry& route);
std::uint64_t catalog_digest(std::string_view machine_id, std::uint64_t incarnation,
                             std::uint64_t revision);

}  // namespace jetway::envelope
