#include "config/section.h"

#include <algorithm>

#include "base/near_miss.h"
#include "base/units.h"

namespace jetway::config {
namespace {

constexpr std::size_t longest_text = 128;

bool contains(const std::vector<std::string_view>& all, std::string_view name) {
    return std::find(all.begin(), all.end(), name) != all.end();
}

std::string describe(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::null:
            return "nothing";
        case YamlNode::Kind::scalar:
            return quoted(node.text);
        case YamlNode::Kind::sequence:
            return "a list";
        default:
            return "a map";
    }
}

std::string expected_not(std::string_view expected, const YamlNode& node) {
    return "expected " + std::string(expected) + ", not " + describe(node);
}

// `gossip.hello` for `hello`: the key stands in the wrong place.
std::string_view home_of(std::string_view key, const std::vector<std::string_view>& elsewhere) {
    for (const std::string_view whole : elsewhere) {
        if (whole.size() > key.size() && whole.ends_with(key) &&
            whole[whole.size() - key.size() - 1] == '.') {
            return whole;
        }
    }
    return {};
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

Section::Section(const YamlNode& node, std::string_view what, Problems& problems)
    : node_(&node), problems_(&problems) {
    if (node.kind != YamlNode::Kind::map && node.kind != YamlNode::Kind::null) {
        problems.add(node.place, expected_not(what, node));
    }
}

void Section::check_keys(const Keys& keys) const {
    for (const YamlNode& key : node_->keys) {
        if (contains(keys.known, key.text)) {
            continue;
        }
        if (contains(keys.later, key.text)) {
            problems_->add(key.place, "this version of Jetway does not have " + quoted(key.text));
            continue;
        }
        const std::string_view home = home_of(key.text, keys.elsewhere);
        problems_->add(key.place, "unknown key " + quoted(key.text) +
                                      (problems_->full() ? ""
                                       : home.empty()    ? base::suggestion(key.text, keys.known)
                                                         : ": did you mean " + quoted(home) + "?"));
    }
}

const YamlNode* Section::scalar(std::string_view key, std::string_view expected) const {
    const YamlNode* node = find(key);
    if (node != nullptr && node->kind != YamlNode::Kind::scalar) {
        problems_->add(node->place, std::string(key) + ": " + expected_not(expected, *node));
        return nullptr;
    }
    return node;
}

std::optional<bool> Section::read_bool(std::string_view key) const {
    const YamlNode* node = scalar(key, "`true` or `false`");
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->text == "true" || node->text == "false") {
        return node->text == "true";
    }
    problems_->add(node->place, std::string(key) + ": " + expected_not("`true` or `false`", *node));
    return std::nullopt;
}

std::optional<std::uint64_t> Section::read_count(std::string_view key, CountRange range) const {
    const std::string expected =
        "a whole number from " + std::to_string(range.min) + " to " + std::to_string(range.max);
    const YamlNode* node = scalar(key, expected);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto value = base::parse_count(node->text);
    if (!value || *value < range.min || *value > range.max) {
        problems_->add(node->place, std::string(key) + ": " + expected_not(expected, *node));
        return std::nullopt;
    }
    return *value;
}

std::optional<std::uint64_t> Section::read_size(std::string_view key, CountRange range) const {
    const YamlNode* node = scalar(key, "a size such as `16MiB`");
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto value = base::parse_size(node->text);
    if (!value) {
        problems_->add(node->place, std::string(key) + ": " + value.error().detail);
        return std::nullopt;
    }
    if (*value < range.min || *value > range.max) {
        problems_->add(node->place, std::string(key) + ": " +
                                        expected_not("from " + base::format_size(range.min) +
                                                         " to " + base::format_size(range.max),
                                                     *node));
        return std::nullopt;
    }
    return *value;
}

std::optional<base::Duration> Section::read_duration(std::string_view key,
                                                     DurationRange range) const {
    const YamlNode* node = scalar(key, "a duration such as `5s` or `20ms`");
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto value = base::parse_duration(node->text);
    if (!value) {
        problems_->add(node->place, std::string(key) + ": " + value.error().detail);
        return std::nullopt;
    }
    if (*value < range.min || *value > range.max) {
        problems_->add(node->place, std::string(key) + ": " +
                                        expected_not("from " + base::format_duration(range.min) +
                                                         " to " + base::format_duration(range.max),
                                                     *node));
        return std::nullopt;
    }
    return *value;
}

std::optional<Address> Section::read_address(std::string_view key) const {
    const YamlNode* node = find(key);
    return node == nullptr ? std::nullopt : address_of(*node, *problems_);
}

std::optional<std::string> Section::read_text(std::string_view key,
                                              std::string_view expected) const {
    const YamlNode* node = find(key);
    return node == nullptr ? std::nullopt : text_of(*node, expected, *problems_);
}

std::optional<std::string> text_of(const YamlNode& node, std::string_view expected,
                                   Problems& problems) {
    if (node.kind != YamlNode::Kind::scalar || node.text.empty()) {
        problems.add(node.place, expected_not(expected, node));
        return std::nullopt;
    }
    if (node.text.size() > longest_text) {
        problems.add(node.place, "expected " + std::string(expected) + " of at most " +
                                     std::to_string(longest_text) + " bytes: " + quoted(node.text) +
                                     " has " + std::to_string(node.text.size()));
        return std::nullopt;
    }
    return node.text;
}

std::optional<std::string> Section::read_path(std::string_view key,
                                              std::string_view expected) const {
    constexpr std::size_t longest_path = 4'096;  // PATH_MAX
    const YamlNode* node = scalar(key, expected);
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->text.empty() || node->text.size() > longest_path) {
        problems_->add(node->place, std::string(key) + ": " + expected_not(expected, *node));
        return std::nullopt;
    }
    return node->text;
}

std::optional<Address> address_of(const YamlNode& node, Problems& problems,
                                  Address::Scheme unsaid) {
    if (node.kind != YamlNode::Kind::scalar) {
        problems.add(node.place, expected_not("an address such as `10.0.0.2:9001`", node));
        return std::nullopt;
    }
    auto address = parse_address(node.text, unsaid);
    if (!address) {
        problems.add(node.place, address.error().detail);
        return std::nullopt;
    }
    return std::move(*address);
}

const std::vector<YamlNode>& list_of(const YamlNode& node, std::string_view expected,
                                     Problems& problems) {
    static const std::vector<YamlNode> none;
    if (node.kind == YamlNode::Kind::sequence) {
        return node.items;
    }
    if (node.kind != YamlNode::Kind::null) {
        problems.add(node.place, expected_not(expected, node));
    }
    return none;
}

bool check_name(const std::string& name, Place at, std::string_view what, Problems& problems) {
    const bool letters = std::all_of(name.begin(), name.end(), [](char c) {
        return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
    });
    if (!name.empty() && name.size() <= longest_text && letters && is_alphanumeric(name.front())) {
        return true;
    }
    problems.add(at, quoted(name) + " can't name " + std::string(what) +
                         ": expected 1 to 128 of `A-Z a-z 0-9 . _ -`, a letter or digit first");
    return false;
}

}  // namespace jetway::config
