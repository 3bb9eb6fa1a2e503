// Words: a line of the debug terminal, taken apart: plain words, and options as on the command
// line (`--json`, `--source ADDRESS`, `--source=ADDRESS`). Blanks part words; there is no quoting,
// since no name has blanks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace jetway::console {

struct Words {
    std::string verb;
    std::vector<std::string> plain;
    std::set<std::string, std::less<>> flags;
    std::map<std::string, std::string, std::less<>> values;

    bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
    // Empty: not given.
    std::string value(std::string_view option) const;
    std::string word(std::size_t i) const { return i < plain.size() ? plain[i] : std::string(); }
};

// What is wrong with a line, as an error of code `usage`.
inline base::Error usage(std::string why) {
    return {"usage", std::move(why)};
}

// The words of a line, whatever they mean.
std::vector<std::string> split_words(std::string_view line);

// The first word is the verb. `flags` and `valued` are the options it has, with their dashes. Error
// `usage`: another option, or one without its value.
base::Result<Words> read_words(std::vector<std::string> words,
                               const std::vector<std::string_view>& flags,
                               const std::vector<std::string_view>& valued);

}  // namespace jetway::console
