// The part of Session that does what needs no router: from where it is looked, how much is told,
// the prompt, help.
#include <algorithm>
#include <array>

#include "base/near_miss.h"
#include "base/units.h"
#include "console/format.h"
#include "console/session.h"
#include "console/text.h"
#include "console/verbs.h"
#include "envelope/address.h"

namespace jetway::console {

namespace {

constexpr base::Duration longest_level = std::chrono::hours(24);

}  // namespace

base::Result<void> Session::run_own(const Words& words) {
    if (words.verb == "at") {
        return set_machine(words);
    }
    if (words.verb == "log") {
        return set_level(words);
    }
    if (words.verb == "prompt") {
        return set_prompt(words);
    }
    if (words.verb == "help") {
        return help(words);
    }
    ended_ = true;
    return {};
}

base::Result<void> Session::set_machine(const Words& words) {
    if (words.plain.empty()) {
        machine_ = options_.machine;
    } else if (!envelope::valid_name(words.word(0))) {
        return usage("expected the name of a machine, not " + escaped(words.word(0)));
    } else {
        machine_ = words.word(0);
    }
    if (options_.ending == Ending::empty_line) {
        output_ += "at " + machine_ + "\n";
    }
    return {};
}

base::Result<void> Session::set_level(const Words& words) {
    constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
    if (!words.plain.empty()) {
        const std::string level = words.word(0);
        const auto* const found = std::find(names.begin(), names.end(), level);
        if (found == names.end()) {
            return usage("there is no level " + escaped(level) +
                         base::suggestion(level, {names.begin(), names.end()}));
        }
        base::Instant until = base::never;
        if (words.plain.size() > 1) {
            const auto duration = base::parse_duration(words.word(2));
            if (words.word(1) != "for" || !duration || *duration <= base::Duration::zero() ||
                *duration > longest_level) {
                return usage("expected `log LEVEL for 60s`, and at most 24h");
            }
            until = moment_.now + *duration;
        }
        level_ = static_cast<Level>(found - names.begin());
        level_until_ = until;
    }
    output_ += "events from " + std::string(names[static_cast<std::size_t>(level_)]) + " on";
    if (level_until_ != base::never) {
        output_ += ", for " + format_age(static_cast<std::uint64_t>(
                                  base::to_microseconds(level_until_ - moment_.now) / 1'000));
    }
    output_ += ": `events` shows them\n";
    return {};
}

base::Result<void> Session::set_prompt(const Words& words) {
    const std::string wanted = words.plain.empty() ? "on" : words.word(0);
    if (wanted != "on" && wanted != "off") {
        return usage("expected `prompt on` or `prompt off`");
    }
    if (options_.ending != Ending::nothing) {
        options_.ending = wanted == "on" ? Ending::prompt : Ending::empty_line;
    }
    return {};
}

base::Result<void> Session::help(const Words& words) {
    if (words.plain.empty()) {
        output_ += help_text();
        return {};
    }
    const Verb* verb = find_verb(words.word(0));
    if (verb == nullptr) {
        return usage("there is no verb " + escaped(words.word(0)) +
                     base::suggestion(words.word(0), verb_names()));
    }
    output_ += help_text(*verb);
    return {};
}

}  // namespace jetway::console
