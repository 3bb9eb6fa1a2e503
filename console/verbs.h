// The verbs of the debug terminal: how each is written, what it says of itself, and the command
// that runs it. To add one: a line in verbs.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "console/command.h"
#include "console/words.h"

namespace jetway::console {

// What may stand at a place of a line, for those who complete it.
enum class Kind { service, machine, destination, level, word };

struct Verb {
    std::string_view name{};
    std::string_view usage{};    // "routes [all] [SERVICE]"
    std::string_view summary{};  // one line
    std::string_view more{};     // what else `help VERB` says; may be empty
    // Its plain words: what each may be, the last for all that follow; and how many there are.
    std::vector<Kind> kinds{};
    std::vector<std::string_view> choices{};  // words that the first may be, besides
    std::size_t least = 0;
    std::size_t most = 0;
    std::vector<std::string_view> flags{};
    std::vector<std::string_view> valued{};
    // Null: the session itself does it. Error `usage`: what is wrong with the words.
    base::Result<CommandPtr> (*make)(const Words& words) = nullptr;
};

const std::vector<Verb>& verbs();
const Verb* find_verb(std::string_view name);
std::vector<std::string_view> verb_names();

// `help`, and `help VERB`.
std::string help_text();
std::string help_text(const Verb& verb);

}  // namespace jetway::console
