// Policy: how an instance of a service is chosen among those that can be used.
//
//   round-robin      each in its turn
//   least-conn       the one with the fewest requests in flight and files open
//   random           any, each as likely as the others
//   weighted         in turn, an instance of weight 3 three times as often as one of weight 1
//   nearest          the one of the least cost; those at the same cost in their turn
//   sticky KEY       the same one for the same key, until it leaves; then only its own keys move
//
// KEY says what of a request is its key: `uname`, the user a 9P client attached as; `source`, the
// address an envelope is from; `header:NAME`, an envelope's header. What has no such thing has an
// empty key, and takes turns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jetway::balance {

struct Policy {
    enum class Kind : std::uint8_t { round_robin, least_conn, random, weighted, nearest, sticky };
    enum class Key : std::uint8_t { none, uname, source, header };

    Kind kind = Kind::nearest;
    Key key = Key::none;   // of sticky
    std::string header{};  // of Key::header: its name

    // As it is written in a deployment and announced: at most 192 bytes; parses to the same again.
    std::string text() const;

    friend bool operator==(const Policy&, const Policy&) = default;
};

// Words between single or more blanks. A header's name is 1 to 128 bytes of printable ASCII. Error:
// EINVAL, with the policies there are.
base::Result<Policy> parse_policy(std::string_view text);

}  // namespace jetway::balance
