// Patterns of names and addresses, as the rules of a deployment write them: `web`, `gpu-*`,
// `*@machine-a`. A `*` stands for any run of characters, an empty one included; everything else
// stands for itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envelope/address.h"

namespace jetway::envelope {

// 1 to 128 characters of those that a name may have, and `*`.
bool valid_name_pattern(std::string_view pattern);
// A pattern of names, or two with an `@` between them.
bool valid_address_pattern(std::string_view pattern);

// Whether the whole of `text` is what `pattern` stands for. Takes time of the order of the product
// of their lengths at most.
bool matches(std::string_view pattern, std::string_view text);

// Whether an address is what `pattern` stands for. Without an `@` a pattern stands for the service
// at any machine. With one it stands for addresses that name such a machine: one that leaves the
// machine open, or names every one, may lead anywhere, so only `…@*` stands for it.
bool matches_address(std::string_view pattern, const Address& address);

bool matches_any(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace jetway::envelope
