// Settings: what stands at the top of a deployment file for all machines, or in a machine for that
// one. A machine starts from the file's settings, and its own win, key by key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balance/options.h"
#include "base/time.h"
#include "config/admin.h"
#include "config/ninep.h"
#include "config/rules.h"
#include "config/section.h"
#include "config/security.h"
#include "gossip/options.h"
#include "terminal/options.h"

namespace jetway::router {
struct Options;
}

namespace jetway::config {

struct Settings {
    gossip::Options gossip;
    terminal::Options terminal;
    balance::Options balance;
    std::uint8_t hop_limit = 32;
    std::size_t errors = 10'000;
    std::size_t terminals = 4'096;
    std::size_t debug_sessions = 64;
    bool insecure = false;
    base::Duration shutdown_grace = std::chrono::seconds(2);
    std::optional<std::string> control_group;
    bool strict_services = false;
    bool refuse_unknown_neighbours = false;
    std::vector<PlacedName> admin_remote;  // machines
    Admin admin;
    Security security;
    HandshakeBounds handshakes;
    std::vector<NinepListener> ninep;
};

// The keys of the settings, for the section that they stand in together with its own.
Keys settings_keys();

// `settings` with what stands in `section` put over it.
Settings read_settings(const Section& section, Settings settings, Problems& problems);

// Writes the settings to the options of a router.
void apply(const Settings& settings, router::Options& options);

}  // namespace jetway::config
