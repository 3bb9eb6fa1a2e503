// Top: rates, queues, round trips and refusals of routers, from what their `statistics` say at two
// moments. Pure: who asks, and when, is for others.
//
// A router that was started in between, or that was asked once only, shows its rates since its
// start.
#pragma once

#include <string>
#include <vector>

#include "envelope/json.h"

namespace jetway::console {

// What one router did between `before` (null: none) and `after`: {machineId, state, seconds,
// uptimeMs, receivedPerSecond, forwardedPerSecond, deliveredPerSecond, refusedPerSecond, waiting,
// queuedBytes, cpuPercent, residentBytes, forwardingMicroseconds: {p50, p99}, terminals, links,
// refused}. Times of forwarding are bounds of the histogram's buckets; null: nothing was forwarded,
// or it took longer than the last bound.
envelope::Json rates(const envelope::Json& before, const envelope::Json& after);

// Tables of them: routers, terminals, links, and what was refused.
std::string top_text(const std::vector<envelope::Json>& routers, bool colour);

}  // namespace jetway::console
