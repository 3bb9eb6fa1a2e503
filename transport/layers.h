// Which layers lie between a socket and the frames, for each scheme.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "transport/layer.h"
#include "transport/target.h"
#include "transport/terms.h"

namespace jetway::transport {

using Layers = std::vector<std::unique_ptr<Layer>>;

// In the order of their handshakes; none for tcp and Unix sockets. Errors: `certificate` for TLS
// without certificates, `usage` for a scheme that this version does not have.
base::Result<Layers> layers_of(const Target& target, Role role, const Terms& terms);

}  // namespace jetway::transport
