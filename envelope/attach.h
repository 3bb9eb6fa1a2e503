// ATTACH and DETACH: what a connection offers from now on, and what no longer.
// Keys: docs/protocol.md, "ATTACH".
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "envelope/service_entry.h"

namespace jetway::envelope {

// Errors have code `bad-hello`, also for a name that nobody may attach. More than `max_services`,
// `services` twice and bytes after the map are errors as well. Unknown keys are ignored.
base::Result<std::vector<ServiceEntry>> read_attach(base::ByteView body, std::size_t max_services);
base::Result<std::vector<std::string>> read_detach(base::ByteView body, std::size_t max_services);

// Each appends one msgpack value.
void append_attach(base::Bytes& to, const std::vector<ServiceEntry>& services);
void append_detach(base::Bytes& to, const std::vector<std::string>& names);

}  // namespace jetway::envelope
