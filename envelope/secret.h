// The comparison of a secret with what a peer gave, in a time that tells nothing of either: not
// where they differ, not how long the secret is.
#pragma once

#include <string_view>

namespace jetway::envelope {

bool same_secret(std::string_view secret, std::string_view given);

}  // namespace jetway::envelope
