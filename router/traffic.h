// Traffic: what went over the terminals of a router since its start, under names that stay: a
// link's terminal has its own, whatever connections carried it; services and clients are together
// under the local terminal that they came by. So who comes and goes adds nothing.
//
//   a link            to-machine-b, from-machine-c
//   a local terminal  its name in the deployment; `local` is the default one
//   in-process        services within this program
//   unadmitted        connections of network listeners that were no neighbour's
//
// Bounds: `most` names and `most` neighbours; what would be one more is under `others`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "router/connection.h"
#include "router/neighbour.h"

namespace jetway::router {

class Traffic {
public:
    static constexpr std::size_t most = 1'024;

    // `in` is what came from it.
    struct Sums {
        std::string_view type = "local";  // or `network`
        std::string peer;                 // the machine that a link leads to
        std::size_t connections = 0;      // that are open now
        std::size_t queued_bytes = 0;     // now
        std::uint64_t envelopes_in = 0;
        std::uint64_t envelopes_out = 0;
        std::uint64_t frames_in = 0;
        std::uint64_t frames_out = 0;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
        std::uint64_t refused = 0;  // envelopes from it
        std::uint64_t skipped = 0;  // frames that mean nothing here
    };
    using Rows = std::map<std::string, Sums, std::less<>>;

    // Of the links to one neighbour, those that are dead included.
    struct Link {
        std::uint64_t up = 0;            // times that it was new
        std::uint64_t down = 0;          // times that it died
        std::uint64_t resumed = 0;       // times that another connection carried it on
        std::uint64_t resent = 0;        // frames that had to be sent again for that
        std::uint64_t failed_dials = 0;  // attempts that led to no neighbour
    };

    // A connection, or a link, is no more: its counts stay.
    void ended(const Connection& connection);
    void ended(const Neighbour& neighbour);

    // Of the neighbour on that machine.
    Link& link(std::string_view machine) { return row(links_, machine); }
    const Link* find_link(std::string_view machine) const {
        const auto found = links_.find(machine);
        return found != links_.end() ? &found->second : nullptr;
    }

    Rows rows(const ConnectionTable& connections, const NeighbourTable& neighbours) const;

private:
    template <typename Map>
    static typename Map::mapped_type& row(Map& map, std::string_view name) {
        auto found = map.find(name);
        if (found == map.end()) {
            found = map.try_emplace(std::string(map.size() < most ? name : "others")).first;
        }
        return found->second;
    }
    static void add(Rows& rows, const Connection& connection);
    static void add(Rows& rows, const Neighbour& neighbour);

    Rows gone_;
    std::map<std::string, Link, std::less<>> links_;
};

}  // namespace jetway::router
