#include "balance/policy.h"

#include <algorithm>
#include <array>

namespace jetway::balance {

namespace {

using base::Result;

constexpr std::array<std::string_view, 6> names = {"round-robin", "least-conn", "random",
                                                   "weighted",    "nearest",    "sticky"};
constexpr std::string_view header_prefix = "header:";
constexpr std::size_t max_header = 128;

base::Error bad(std::string_view text) {
    return {"EINVAL",
            "a policy is round-robin, least-conn, random, weighted, nearest, or sticky with uname, "
            "source or header:NAME, not `" +
                std::string(text.substr(0, max_header)) + "`"};
}

// Takes the next word off `text`; empty at its end.
std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool read_key(std::string_view word, Policy& policy) {
    if (word == "uname" || word == "source") {
        policy.key = word == "uname" ? Policy::Key::uname : Policy::Key::source;
        return true;
    }
    if (!word.starts_with(header_prefix)) {
        return false;
    }
    policy.key = Policy::Key::header;
    policy.header = word.substr(header_prefix.size());
    return !policy.header.empty() && policy.header.size() <= max_header && printable(policy.header);
}

}  // namespace

std::string Policy::text() const {
    std::string text(names[static_cast<std::size_t>(kind)]);
    switch (key) {
        case Key::none:
            break;
        case Key::uname:
            text += " uname";
            break;
        case Key::source:
            text += " source";
            break;
        case Key::header:
            text += " ";
            text += header_prefix;
            text += header;
            break;
    }
    return text;
}

Result<Policy> parse_policy(std::string_view text) {
    std::string_view rest = text;
    const auto* const name = std::find(names.begin(), names.end(), next_word(rest));
    if (name == names.end()) {
        return bad(text);
    }
    Policy policy{.kind = static_cast<Policy::Kind>(name - names.begin())};
    if (policy.kind == Policy::Kind::sticky && !read_key(next_word(rest), policy)) {
        return bad(text);
    }
    if (!next_word(rest).empty()) {
        return bad(text);
    }
    return policy;
}

}  // namespace jetway::balance
