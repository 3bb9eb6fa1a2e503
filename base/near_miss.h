// The near miss: what someone probably meant who wrote `hops_limt`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jetway::base {

// How many letters must be added, left out, replaced or swapped with their neighbour to make `b` of
// `a`, or some number above `most` if it takes more than that.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most);

// The known name closest to what was written, the first among equals; nothing when none is close.
// Upper and lower case, and `-` and `_`, count as the same.
std::optional<std::string> near_miss(std::string_view written,
                                     const std::vector<std::string_view>& known);

// ": did you mean `hop_limit`?", or, without a near miss, what is there to choose from.
std::string suggestion(std::string_view written, const std::vector<std::string_view>& known);

}  // namespace jetway::base
