// Section: a map of the file, and the typed reading of what stands in it.
//
// A key that nobody knows is a problem that names the near miss, one that later versions bring is a
// problem that says so. Every read_ returns nothing when the key is absent or its value is wrong;
// in the second case the problem has been added.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/address.h"
#include "config/problem.h"
#include "config/yaml.h"

namespace jetway::config {

// Which keys a section may have.
struct Keys {
    std::vector<std::string_view> known;
    std::vector<std::string_view> later;      // what this version does not have
    std::vector<std::string_view> elsewhere;  // `gossip.hello`: where a misplaced key belongs
};

struct CountRange {
    std::uint64_t min;
    std::uint64_t max;
};

struct DurationRange {
    base::Duration min;
    base::Duration max;
};

class Section {
public:
    // `what` says what was expected here, when the node is not a map: "a map of limits".
    // Nothing at all (`limits:`) is an empty map.
    Section(const YamlNode& node, std::string_view what, Problems& problems);

    void check_keys(const Keys& keys) const;

    const YamlNode* find(std::string_view key) const { return node_->find(key); }
    Place place_of(std::string_view key) const { return node_->place_of(key); }
    bool is_map() const { return node_->kind == YamlNode::Kind::map; }

    std::optional<bool> read_bool(std::string_view key) const;
    std::optional<std::uint64_t> read_count(std::string_view key, CountRange range) const;
    std::optional<std::uint64_t> read_size(std::string_view key, CountRange range) const;
    std::optional<base::Duration> read_duration(std::string_view key, DurationRange range) const;
    std::optional<Address> read_address(std::string_view key) const;
    // The path of a file or folder, 1 to 4096 bytes.
    std::optional<std::string> read_path(std::string_view key, std::string_view expected) const;

    // A text of 1 to 128 bytes; `expected` completes "expected …".
    std::optional<std::string> read_text(std::string_view key, std::string_view expected) const;

private:
    // The scalar at `key`, or nullptr with a problem when something else stands there.
    const YamlNode* scalar(std::string_view key, std::string_view expected) const;

    const YamlNode* node_;
    Problems* problems_;
};

// The text of a scalar of 1 to 128 bytes, or nothing and a problem.
std::optional<std::string> text_of(const YamlNode& node, std::string_view expected,
                                   Problems& problems);

// `unsaid` is the scheme of an address without one.
std::optional<Address> address_of(const YamlNode& node, Problems& problems,
                                  Address::Scheme unsaid = Address::Scheme::tcp);

// The items of a list; none, with a problem, when something else stands there. Nothing at all
// (`services:`) is an empty list.
const std::vector<YamlNode>& list_of(const YamlNode& node, std::string_view expected,
                                     Problems& problems);

// A name of a machine, service or terminal: 1 to 128 characters of A-Z a-z 0-9 . _ -, starting with
// a letter or digit. `what` is "a machine".
bool check_name(const std::string& name, Place at, std::string_view what, Problems& problems);

}  // namespace jetway::config
