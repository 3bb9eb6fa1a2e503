// The address of a router, as a person writes it.
#pragma once

#include <string>

#include "base/result.h"
#include "transport/target.h"

namespace jetway::client {

// `unix:///path`, `/path`, `tcp://host:port` or `host:port`, `tls://host:port`,
// `ws://host:port/path` and `wss://…` (the path is `/` when there is none). Errors have code
// `usage`.
base::Result<transport::Target> parse_endpoint(const std::string& text);

}  // namespace jetway::client
