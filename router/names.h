// Names: texts that are kept once, however often they are used, and only while they are.
//
// A Name costs a pointer; its text is freed with the last Name that has it. What is kept is in
// memory once for each different text: its length and about 80 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace jetway::router {

class Names;

// A text of a Names, which outlives it; or nothing, whose text is empty.
class Name {
public:
    Name() = default;
    Name(const Name& other);
    Name(Name&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Name& operator=(Name other) noexcept {
        std::swap(node_, other.node_);
        return *this;
    }
    ~Name();

    std::string_view text() const;
    explicit operator bool() const { return node_ != nullptr; }

    // Of one Names, the same text is the same name.
    friend bool operator==(const Name& a, const Name& b) { return a.node_ == b.node_; }

private:
    friend class Names;
    struct Uses {
        std::size_t count = 0;
        Names* of = nullptr;
    };
    using Node = std::pair<const std::string, Uses>;
    explicit Name(Node* node);

    Node* node_ = nullptr;
};

class Names {
public:
    Names() = default;
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;

    // The name of that text, made if need be; of an empty one, nothing.
    Name name(std::string_view text);

    // Different texts that are in use.
    std::size_t size() const { return nodes_.size(); }

private:
    friend class Name;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    std::unordered_map<std::string, Name::Uses, Hash, std::equal_to<>> nodes_;
};

}  // namespace jetway::router
