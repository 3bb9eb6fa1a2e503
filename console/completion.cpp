#include "console/completion.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "console/fields.h"
#include "console/verbs.h"
#include "console/words.h"
#include "envelope/address.h"

namespace jetway::console {

namespace {

using envelope::Json;
using Texts = std::vector<std::string>;

void add(std::vector<std::string>& names, std::string name) {
    if (envelope::valid_name(name) && std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
    }
}

// service, or service@machine once the @ is there.
Texts destinations(std::string_view word, const Names& names) {
    const std::size_t at = word.find('@');
    if (at == std::string_view::npos) {
        Texts all = names.services;
        all.insert(all.end(), {"router", "echo"});
        return all;
    }
    Texts all;
    for (const std::string& machine : names.machines) {
        all.push_back(std::string(word.substr(0, at + 1)) + machine);
    }
    return all;
}

Texts candidates(Kind kind, std::string_view word, const Names& names) {
    switch (kind) {
        case Kind::service:
            return names.services;
        case Kind::machine:
            return names.machines;
        case Kind::destination:
            return destinations(word, names);
        case Kind::level:
            return {"debug", "info", "warning", "error"};
        case Kind::word:
            return {};
    }
    return {};
}

Texts verb_names() {
    Texts all;
    for (const Verb& verb : verbs()) {
        all.emplace_back(verb.name);
    }
    return all;
}

// What may stand after those words.
Texts next_words(const Texts& before, std::string_view word, const Names& names) {
    if (before.empty() || (before.size() == 1 && before.front() == "help")) {
        return verb_names();
    }
    const Verb* verb = find_verb(before.front());
    if (verb == nullptr) {
        return {};
    }
    if (word.starts_with("--")) {
        Texts all(verb->flags.begin(), verb->flags.end());
        all.insert(all.end(), verb->valued.begin(), verb->valued.end());
        return all;
    }
    const std::size_t place = before.size() - 1;
    if (verb->kinds.empty() || place >= verb->most) {
        return {};
    }
    Texts all = candidates(verb->kinds[std::min(place, verb->kinds.size() - 1)], word, names);
    if (place == 0) {
        all.insert(all.end(), verb->choices.begin(), verb->choices.end());
    }
    if (verb->name == "history" && place == 0) {
        all.insert(all.end(), names.machines.begin(), names.machines.end());
    }
    return all;
}

}  // namespace

Names names_in(const Json& graph) {
    Names names;
    for (const Json& machine : list_at(graph, "machines")) {
        add(names.machines, text_at(machine, "machineId"));
        for (const Json& service : list_at(machine, "services")) {
            add(names.services, text_at(service, "name"));
        }
    }
    return names;
}

std::vector<std::string> completions(std::string_view line, const Names& names) {
    Texts before = split_words(line);
    std::string word;
    if (!line.empty() && line.back() != ' ' && line.back() != '\t' && !before.empty()) {
        word = before.back();
        before.pop_back();
    }
    std::set<std::string> fitting;
    for (std::string& one : next_words(before, word, names)) {
        if (one.starts_with(word)) {
            fitting.insert(std::move(one));
        }
    }
    return {fitting.begin(), fitting.end()};
}

std::string common_beginning(const std::vector<std::string>& words) {
    if (words.empty()) {
        return {};
    }
    std::size_t length = words.front().size();
    for (const std::string& word : words) {
        const auto [mine, other] =
            std::mismatch(words.front().begin(), words.front().end(), word.begin(), word.end());
        length = std::min(length, static_cast<std::size_t>(mine - words.front().begin()));
    }
    return words.front().substr(0, length);
}

}  // namespace jetway::console
