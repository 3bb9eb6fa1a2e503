// The one file that touches yaml-cpp, which throws; nothing thrown leaves it.
#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <utility>

namespace jetway::config {
namespace {

Place place_at(const YAML::Mark& mark) {
    return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
}

std::size_t count_nodes(const YamlNode& node) {
    std::size_t count = 1 + node.keys.size();
    for (const YamlNode& item : node.items) {
        count += count_nodes(item);
    }
    return count;
}

std::size_t depth_of(const YamlNode& node) {
    std::size_t deepest = 0;
    for (const YamlNode& item : node.items) {
        deepest = std::max(deepest, depth_of(item));
    }
    return deepest + 1;
}

// Builds the tree from yaml-cpp's events. Refuses by throwing its ParserException, since a handler
// has no other way to make the parser stop.
class TreeBuilder : public YAML::EventHandler {
public:
    explicit TreeBuilder(Problems& problems) : problems_(problems) {}

    YamlNode take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) {
            throw YAML::ParserException(mark,
                                        "expected one document, and here a second one starts");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        finish(start(YamlNode::Kind::null, mark), anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  const std::string& value) override {
        YamlNode node = start(YamlNode::Kind::scalar, mark);
        node.text = value;
        finish(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw YAML::ParserException(mark, "an alias can't stand inside what it names");
        }
        spend(count_nodes(found->second), mark);
        if (open_.size() + depth_of(found->second) > max_yaml_depth) {
            throw YAML::ParserException(mark, too_deep());
        }
        YamlNode copy = found->second;
        copy.place = place_at(mark);
        finish(std::move(copy), 0);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(YamlNode::Kind::sequence, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(YamlNode::Kind::map, mark, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        YamlNode node;
        YAML::anchor_t anchor = 0;
        std::optional<YamlNode> key;               // a map's key that waits for its value
        std::map<std::string, int> lines_of_keys;  // where each key of a map stood first
    };

    static std::string too_deep() {
        return "nested deeper than " + std::to_string(max_yaml_depth) + " levels";
    }

    void spend(std::size_t nodes, const YAML::Mark& mark) {
        spent_ += nodes;
        if (spent_ > max_yaml_nodes) {
            throw YAML::ParserException(
                mark, "more than " + std::to_string(max_yaml_nodes) + " values, aliases included");
        }
    }

    YamlNode start(YamlNode::Kind kind, const YAML::Mark& mark) {
        spend(1, mark);
        YamlNode node;
        node.kind = kind;
        node.place = place_at(mark);
        return node;
    }

    void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (open_.size() >= max_yaml_depth) {
            throw YAML::ParserException(mark, too_deep());
        }
        Open opened;
        opened.node = start(kind, mark);
        opened.anchor = anchor;
        open_.push_back(std::move(opened));
    }

    void close() {
        Open closed = std::move(open_.back());
        open_.pop_back();
        finish(std::move(closed.node), closed.anchor);
    }

    void finish(YamlNode node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            YAML::Mark mark;
            mark.line = node.place.line - 1;
            mark.column = node.place.column - 1;
            spend(count_nodes(node), mark);
            anchors_[anchor] = node;
        }
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (parent.node.kind == YamlNode::Kind::sequence) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.key) {
            parent.key = std::move(node);
        } else {
            add_entry(parent, std::move(node));
        }
    }

    void add_entry(Open& parent, YamlNode value) {
        YamlNode key = std::move(*parent.key);
        parent.key.reset();
        if (key.kind != YamlNode::Kind::scalar) {
            problems_.add(key.place, "expected a name as the key");
            return;
        }
        const auto [first, fresh] = parent.lines_of_keys.emplace(key.text, key.place.line);
        if (!fresh) {
            problems_.add(key.place, "the key " + quoted(key.text) +
                                         " stands here a second time: the first is on line " +
                                         std::to_string(first->second));
            return;
        }
        if (value.kind == YamlNode::Kind::null) {
            value.place = key.place;  // nothing has no place of its own
        }
        parent.node.keys.push_back(std::move(key));
        parent.node.items.push_back(std::move(value));
    }

    Problems& problems_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, YamlNode> anchors_;
    YamlNode root_;
    std::size_t spent_ = 0;
    int documents_ = 0;
};

// YAML allows no control characters, and yaml-cpp takes one of them for the end of the text.
bool has_control_characters(std::string_view text, Problems& problems) {
    Place place;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0x7f || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t')) {
            problems.add(place, "a control character (byte " + std::to_string(byte) +
                                    "): expected a text file in UTF-8");
            return true;
        }
        place = c == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
    }
    return false;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i].text == key) {
            return &items[i];
        }
    }
    return nullptr;
}

Place YamlNode::place_of(std::string_view key) const {
    for (const YamlNode& candidate : keys) {
        if (candidate.text == key) {
            return candidate.place;
        }
    }
    return place;
}

std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems) {
    if (text.size() > max_yaml_bytes) {
        problems.add({}, "the file is larger than " + std::to_string(max_yaml_bytes) + " bytes");
        return std::nullopt;
    }
    if (has_control_characters(text, problems)) {
        return std::nullopt;
    }
    // yaml-cpp takes a quote that is never closed for closed when a line break ends the text.
    const std::string_view trimmed = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    try {
        std::istringstream stream{std::string(trimmed)};
        YAML::Parser parser(stream);
        TreeBuilder builder(problems);
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take();
    } catch (const YAML::Exception& error) {
        problems.add(place_at(error.mark), "not valid YAML: " + error.msg);
    } catch (const std::exception& error) {
        problems.add({}, std::string("not valid YAML: ") + error.what());
    }
    return std::nullopt;
}

}  // namespace jetway::config
