// A YAML text as a tree of plain values, each knowing the line and column where it stands.
//
// Promises: never throws, whatever the text; aliases are written out, and bounded like everything
// else (size, depth, number of nodes). A key that stands twice in a map is a problem, and the first
// one counts. What the values mean is left to others.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace jetway::config {

struct YamlNode {
    enum class Kind { null, scalar, sequence, map };

    Kind kind = Kind::null;
    Place place;
    std::string text;             // of a scalar
    std::vector<YamlNode> keys;   // of a map: scalars, each once; keys[i] has the value items[i]
    std::vector<YamlNode> items;  // of a sequence or a map

    const YamlNode* find(std::string_view key) const;  // the value of a map's key, or nullptr

    // Where the key stands, for problems with what its value says; the map's own place without it.
    Place place_of(std::string_view key) const;
};

inline constexpr std::size_t max_yaml_bytes = 8U << 20U;
inline constexpr std::size_t max_yaml_nodes = 1'000'000;
inline constexpr std::size_t max_yaml_depth = 32;

// The tree of the one document in `text`, or nothing with the reason in `problems`. A tree can come
// with problems too (duplicate keys). An empty text is a null node.
std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems);

}  // namespace jetway::config
