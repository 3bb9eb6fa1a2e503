// Reconcile: the ledgers of several routers held against each other. Every envelope that a router
// took must be somewhere: passed on, delivered, refused, or waiting; and what one end of a link has
// sent, the other has received, but for what is on its way.
//
// The routers are asked one after the other, twice, for none of them stands still meanwhile: a
// number that only grows lies between what it was the first time and what it is the second. Less
// than what moves in between can't be told.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "envelope/json.h"

namespace jetway::console {

// One direction of one link.
struct LinkRow {
    std::string from;
    std::string to;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t on_its_way = 0;
    std::uint64_t queued_bytes = 0;
    bool known = true;  // false: only one of the two ends answered, or another session began
};

struct ServiceRow {
    std::string service;
    std::string machine;
    std::uint64_t delivered = 0;
    std::uint64_t sent = 0;
    std::uint64_t queued_bytes = 0;
    std::string refused;  // "no-route 3, overloaded 1": what was sent to it, and refused there
};

struct Reconciled {
    std::vector<LinkRow> links;        // in order of names
    std::vector<ServiceRow> services;  // as well
    std::vector<std::string> faults;   // what does not add up, and where
};

// `first` and `second` are the answers of schema `jetway.ledger/1`, by any order of routers.
Reconciled reconcile(const std::vector<envelope::Json>& first,
                     const std::vector<envelope::Json>& second);

}  // namespace jetway::console
