// The address of a router, as a person writes it.
#pragma once

#include <string>

#include "base/result.h"
#include "io/endpoint.h"

namespace jetway::client {

// `unix:///path`, `/path`, `tcp://host:port` or `host:port`. Errors have code `usage`.
base::Result<io::Endpoint> parse_endpoint(const std::string& text);

}  // namespace jetway::client
