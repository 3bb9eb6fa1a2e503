// KeysSeen: which of a map's known keys have stood in it already, so that none is taken twice. Two
// readers that disagree about which of two values counts would disagree about who a peer is.
#pragma once

#include <array>
#include <bitset>
#include <string_view>

namespace jetway::envelope {

template <std::size_t Count>
class KeysSeen {
public:
    // `known` outlives it.
    explicit KeysSeen(const std::array<std::string_view, Count>& known) : known_(&known) {}

    // Notes `key`; true if it is known and has stood before. An unknown key never has.
    bool again(std::string_view key) {
        for (std::size_t i = 0; i < Count; ++i) {
            if ((*known_)[i] == key) {
                const bool before = seen_[i];
                seen_[i] = true;
                return before;
            }
        }
        return false;
    }

private:
    const std::array<std::string_view, Count>* known_;
    std::bitset<Count> seen_;
};

}  // namespace jetway::envelope
