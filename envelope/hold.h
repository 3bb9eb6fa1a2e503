// HOLD and RESUME: `{destination: str}` (docs/protocol.md, "Flow control").
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace jetway::envelope {

// The destination, in place; nullopt for a body that isn't a map with a `destination` of at most
// max_address bytes. Unknown keys are ignored.
std::optional<std::string_view> read_hold(base::ByteView body);

// Appends the msgpack map.
void append_hold(base::Bytes& to, std::string_view destination);

}  // namespace jetway::envelope
