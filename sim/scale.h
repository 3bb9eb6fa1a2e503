// Scale: how a large mesh behaves: how long it takes to settle after its start and after failures,
// what it announces meanwhile and when settled, beside what the plain algorithm takes for the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sim/topology.h"

namespace jetway::sim {

struct ScaleOptions {
    std::string kind = "random";
    std::size_t machines = 100;
    std::size_t services = 1000;
    std::size_t failures = 20;  // single links and single machines, each
    bool half = true;           // and half of all links at once
    bool plain = true;  // the plain algorithm as well: its tables grow with machines times services
    std::uint64_t seed = 1;
    base::Duration latency = std::chrono::milliseconds(1);
};

// From one moment until no route changed any more. The mesh was checked afterwards.
struct Settling {
    std::string after;  // "start", "one link", …
    base::Duration took{};
    double bytes_a_link = 0;  // announced meanwhile, both ways
};

struct ScaleReport {
    std::string wrong;  // what had not settled as it must; empty: nothing
    std::size_t links = 0;
    std::size_t diameter = 0;
    std::vector<Settling> settlings;        // of each kind all failures, in order
    double bytes_a_link_and_heartbeat = 0;  // announced, when settled, one way; PINGs apart
    double bytes_a_link_and_minute = 0;     // all, both ways
    std::uint64_t events = 0;
    // The plain algorithm on the same topology.
    base::Duration plain_start{};
    double plain_bytes_a_link_and_interval = 0;
    std::uint64_t plain_lost =
        0;  // ways from machines to services that are wrong for ever after one link failed
    std::uint64_t plain_routed = 0;  // of so many that could be reached
};

// `progress` is told what is being done. Error `usage` for a topology that can't be made.
base::Result<ScaleReport> measure_scale(const ScaleOptions& options,
                                        const std::function<void(const std::string&)>& progress);

}  // namespace jetway::sim
