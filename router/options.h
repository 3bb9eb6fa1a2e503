// What a router is started with: its name, what its deployment gives it, and its bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "balance/options.h"
#include "balance/policy.h"
#include "envelope/ninep_address.h"
#include "gossip/options.h"
#include "gossip/rules.h"
#include "router/permissions.h"
#include "terminal/options.h"

namespace jetway::router {

// A service that the deployment gives this machine: known from the start, `detached` until it
// attaches, or there at once where its instances are 9P servers.
struct ConfiguredService {
    std::string name;
    std::vector<std::string> capabilities;
    std::string version;                          // empty: none
    std::uint32_t weight = 1;                     // 1 to 65535
    std::vector<envelope::NinepAddress> ninep{};  // empty: it speaks envelopes
    std::optional<balance::Policy> policy{};      // none: not said here

    friend bool operator==(const ConfiguredService&, const ConfiguredService&) = default;
};

// A network terminal of the deployment: the link to one neighbour.
struct ConfiguredLink {
    std::string name;                  // of the terminal, "to-machine-b"
    std::string peer;                  // the machine it leads to
    std::uint16_t cost = 1;            // 1 to 65534
    gossip::AnnounceRules announce{};  // what that neighbour may announce to us
    std::string address{};             // where it is dialled, for the reader; empty: it never is

    friend bool operator==(const ConfiguredLink&, const ConfiguredLink&) = default;
};

struct Options {
    std::string machine;
    std::uint64_t incarnation = 1;  // grows at every start: the shell takes it from the wall clock
    std::uint8_t hop_limit = 32;    // for frames whose sender said 0
    std::size_t errors = 10'000;    // limits.errors: error envelopes a second and terminal
    std::size_t terminals = 4'096;  // limits.terminals: connections at once
    std::size_t history = 65'536;   // route changes that are remembered; 0: none
    bool insecure = false;          // listens beyond loopback without TLS
    std::vector<ConfiguredService> services;
    std::vector<ConfiguredLink> links;
    std::vector<LocalTerminal> locals;  // those with rules; the shell fills in what it must look up
    // The neighbours that may connect here, where not everybody may.
    std::optional<std::vector<std::string>> known_neighbours;
    // The services that each machine may have, where it may not have others; null: any.
    std::shared_ptr<const gossip::ServiceLists> strict_services;
    ControlRights control;
    gossip::Options gossip;
    balance::Options balance;
    terminal::Options terminal;
};

}  // namespace jetway::router
