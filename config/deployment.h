// Deployment: a `deployment.yml`, checked. What it says of each machine, ready to start a router
// with.
//
// parse_deployment is pure: it takes the text and gives options, or every problem of the text with
// its line and column. A deployment that comes out is consistent: names are well formed and unique,
// every link leads to a machine of the file, every address to one machine, every number is in
// range. Where a machine does not say where it listens, that is inferred from the other machines'
// terminals.
//
// Whether a listener beyond loopback may start is not decided here (insecure_listeners tells which
// need it), nor is anything that only the running system knows: users, groups, free ports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/address.h"
#include "config/admin.h"
#include "config/expect.h"
#include "config/ninep.h"
#include "config/problem.h"
#include "config/rules.h"
#include "config/security.h"
#include "router/options.h"

namespace jetway::config {

// A network terminal: the link to one neighbour. Without an address this machine never dials, and
// waits for the neighbour to do so.
struct LinkConfig {
    std::string name;
    std::string peer;
    Address address;
    bool has_address = false;
    std::uint16_t cost = 1;
    gossip::AnnounceRules announce{};  // what the neighbour may announce to us

    friend bool operator==(const LinkConfig&, const LinkConfig&) = default;
};

// `type: local`: where services attach.
struct LocalTerminalConfig {
    std::string name;
    Address address;
    // ws and wss: whose web pages may connect, besides those of the listener's own host:
    // `https://host:port`, or `*` for all.
    std::vector<std::string> origins;
    LocalRules rules{};

    friend bool operator==(const LocalTerminalConfig&, const LocalTerminalConfig&) = default;
};

struct MachineConfig {
    std::string name;
    router::Options router;  // all but what the shell gives: the incarnation, and what `locals`
                             // and `control` have of the rules below
    std::vector<LinkConfig> links;
    // Every machine has a default local terminal, on a Unix socket. A `local` terminal without an
    // address names it; else the first one on unix:// is it, and says where it is.
    std::optional<Address> socket;            // nothing: where the shell puts it by default
    std::string socket_name = "local";        // of that terminal
    LocalRules socket_rules;                  // for that terminal
    std::vector<LocalTerminalConfig> locals;  // the other local terminals
    std::vector<LocalTerminalConfig> debugs;  // `type: debug`, besides the default one
    std::size_t debug_sessions = 64;          // at once, in all
    std::vector<std::string> loopbacks;       // the configured ones; `lo` is always there besides
    std::vector<Address> listen;              // for neighbours: as configured, or inferred
    bool insecure = false;
    base::Duration shutdown_grace = std::chrono::seconds(2);
    std::optional<std::string> control_group;
    bool strict_services = false;
    bool refuse_unknown_neighbours = false;
    Security security;
    HandshakeBounds handshakes;
    Admin admin;                       // where it answers HTTP
    std::vector<NinepListener> ninep;  // where the /svc tree is served besides its default socket
};

struct Deployment {
    std::vector<MachineConfig> machines;    // in the order of the file
    std::vector<Expectation> expectations;  // which it keeps

    const MachineConfig* find(std::string_view name) const;
};

struct Checked {
    std::optional<Deployment> deployment;  // exactly when there are no problems
    std::vector<Problem> problems;         // all of them, in line order
};

Checked parse_deployment(std::string_view text);

// The addresses beyond loopback that this machine would listen on without TLS (tcp and ws), for
// neighbours or services: to start them takes `insecure: true` or --insecure.
std::vector<Address> insecure_listeners(const MachineConfig& machine);

// Whether it listens or dials anywhere with TLS, and so needs its certificates.
bool uses_tls(const MachineConfig& machine);

// The same mesh on one host: every host that a machine is reached at becomes an address of its own
// in 127.0.0.0/8, ports kept; each machine listens wherever the others dial it. Unix sockets that
// two machines would share get the machine's name appended. HTTP is at the default port of a
// machine's first address unless the file says where. `mapping`, if given, gets (was, is)
// pairs in the order of the file; "host (machine)" where several machines stood on one host.
Deployment map_to_loopback(Deployment deployment,
                           std::vector<std::pair<std::string, std::string>>* mapping);

}  // namespace jetway::config
