// Choices: whether the router that an envelope came to first sends it to an instance that it knew
// to be dead: one that isn't up, or on a machine that it has no route to.
//
// What a router knows is read from its gossip in the moment before it gets the envelope, and not
// from the table that it decides by.
#pragma once

#include <map>
#include <set>
#include <string>

#include "sim/world.h"

namespace jetway::sim {

class Choices {
public:
    // An envelope from a service is about to come to a router.
    void came(const World& world, HostId host, const envelope::Frame& frame);
    // A router sends one. What is wrong with that; empty: nothing.
    std::string left(const World& world, HostId host, const envelope::Frame& frame);

    std::uint64_t checked() const { return checked_; }

private:
    struct Known {
        HostId host = 0;
        std::uint32_t life = 0;
        std::string service;
        std::set<std::string, std::less<>> machines;  // that can be reached and have it up
    };
    std::map<std::uint64_t, Known> known_;  // by the envelope's number
    std::uint64_t checked_ = 0;
};

}  // namespace jetway::sim
