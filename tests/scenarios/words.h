// Words: the words of one command, taken from the left.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace jetway::scenarios {

inline base::Error usage(std::string what) {
    return {"usage", std::move(what)};
}

std::vector<std::string> split(std::string_view text, char at);  // pieces are trimmed
std::string join(const std::vector<std::string>& pieces, std::string_view between);
std::optional<std::uint64_t> read_number(std::string_view text);
base::Result<base::Duration> read_duration(std::string_view text);  // 5ms, 2s, 10min

class Words {
public:
    // `m1..m4` becomes m1 m2 m3 m4.
    explicit Words(std::string_view line);

    bool empty() const { return next_ == words_.size(); }
    const std::string& peek() const { return words_[next_]; }
    std::string take() { return empty() ? std::string() : words_[next_++]; }
    bool take_if(std::string_view word);
    std::string rest();

private:
    std::vector<std::string> words_;
    std::size_t next_ = 0;
};

}  // namespace jetway::scenarios
