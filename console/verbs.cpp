#include "console/verbs.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/near_miss.h"
#include "console/commands.h"
#include "console/fields.h"
#include "console/graph_text.h"
#include "console/text.h"
#include "console/views.h"
#include "envelope/address.h"

namespace jetway::console {

namespace {

using base::Result;
using envelope::Json;

constexpr std::string_view json_flag = "--json";
constexpr std::uint64_t most_pings = 1'000;
constexpr std::uint64_t most_changes = 4'096;  // in one answer

std::optional<base::Error> check_destination(const std::string& text) {
    if (!envelope::valid_address(text)) {
        return usage("expected service, service@machine or service@*, not " + escaped(text));
    }
    return std::nullopt;
}

std::optional<std::uint64_t> count_of(const std::string& text, std::uint64_t most) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && count > 0 && count <= most ? std::optional(count) : std::nullopt;
}

View plain_view(const Words& words, decltype(View::text) text) {
    View view{.request = words.verb, .args = nullptr, .text = std::move(text)};
    view.json = words.has(json_flag);
    return view;
}

template <std::string (*text)(const Json&, bool)>
Result<CommandPtr> make_view(const Words& words) {
    return view_command(plain_view(words, text));
}

// Rows of other services are left out.
Result<CommandPtr> make_routes(const Words& words) {
    View view = plain_view(words, routes_text);
    std::vector<std::string> names = words.plain;
    const bool all = words.has("--all") || (!names.empty() && names.front() == "all");
    if (!names.empty() && names.front() == "all") {
        names.erase(names.begin());
    }
    if (names.size() > 1) {
        return usage("expected `routes [all] [SERVICE]`");
    }
    view.args["all"] = all;
    if (!names.empty()) {
        view.edit = [service = names.front()](Json& answer, WallTime) {
            Json rows = Json::array();
            for (const Json& row : list_at(answer, "routes")) {
                if (text_at(row, "service") == service) {
                    rows.push_back(row);
                }
            }
            answer["routes"] = std::move(rows);
        };
        view.text = [service = names.front()](const Json& answer, bool colour) {
            return list_at(answer, "routes").empty()
                       ? "no route to " + escaped(service) + " is known here\n"
                       : routes_text(answer, colour);
        };
    }
    return view_command(std::move(view));
}

Result<CommandPtr> make_history(const Words& words) {
    View view = plain_view(words, history_text);
    view.args["limit"] = std::uint64_t{100};
    if (!words.plain.empty()) {
        view.args["of"] = words.word(0);
    }
    if (words.plain.size() > 1) {
        const auto limit = count_of(words.word(1), most_changes);
        if (!limit) {
            return usage("expected how many changes, from 1 to " + std::to_string(most_changes) +
                         ", not " + escaped(words.word(1)));
        }
        view.args["limit"] = *limit;
    }
    view.edit = [](Json& answer, WallTime now) { stamp(answer, now); };
    return view_command(std::move(view));
}

Result<CommandPtr> make_explain(const Words& words) {
    if (auto wrong = check_destination(words.word(0))) {
        return *wrong;
    }
    View view = plain_view(words, explain_text);
    view.args["destination"] = words.word(0);
    for (const char* key : {"source", "header"}) {
        if (const std::string value = words.value("--" + std::string(key)); !value.empty()) {
            view.args[key] = value;
        }
    }
    return view_command(std::move(view));
}

Result<CommandPtr> make_graph(const Words& words) {
    const std::string form = words.plain.empty() ? "mermaid" : words.word(0);
    if (form != "mermaid" && form != "dot") {
        return usage("a graph is drawn with mermaid or dot, not " + escaped(form));
    }
    View view = plain_view(words, [form](const Json& answer, bool) {
        return form == "dot" ? graph_dot(answer) : graph_mermaid(answer);
    });
    view.args["all"] = words.has("--all");
    return view_command(std::move(view));
}

Result<CommandPtr> make_policy(const Words& words) {
    View view = plain_view(words, policies_text);
    if (!words.plain.empty()) {
        view.args["service"] = words.word(0);
    }
    if (words.plain.size() > 1) {
        view.args["policy"] =
            words.word(1) + (words.plain.size() > 2 ? " " + words.word(2) : std::string());
    }
    return view_command(std::move(view));
}

Result<CommandPtr> make_ping(const Words& words) {
    if (auto wrong = check_destination(words.word(0))) {
        return *wrong;
    }
    if (envelope::split_address(words.word(0)).everywhere()) {
        return usage("ping goes to one machine: name it, or leave @* out");
    }
    std::uint64_t count = 4;
    if (words.plain.size() > 1) {
        const auto said = count_of(words.word(1), most_pings);
        if (!said) {
            return usage("expected how many pings, from 1 to " + std::to_string(most_pings) +
                         ", not " + escaped(words.word(1)));
        }
        count = *said;
    }
    return ping_command(words.word(0), count);
}

Result<CommandPtr> make_trace(const Words& words) {
    const std::string reply_to = words.value("--reply-to");
    for (const std::string& address : {words.word(0), reply_to}) {
        if (auto wrong = check_destination(address); wrong && !address.empty()) {
            return *wrong;
        }
        if (envelope::split_address(address).everywhere()) {
            return usage("a trace leads to one machine: name it, or leave @* out");
        }
    }
    return trace_command(words.word(0), reply_to, words.has("--deliver"), words.has(json_flag));
}

Result<CommandPtr> make_ledger(const Words& /*words*/) {
    return ledger_command();
}

Result<CommandPtr> make_events(const Words& words) {
    const std::string level = words.word(0);
    constexpr std::array<std::string_view, 4> levels = {"debug", "info", "warning", "error"};
    if (!level.empty() && std::find(levels.begin(), levels.end(), level) == levels.end()) {
        return usage("there is no level " + escaped(level) +
                     base::suggestion(level, {levels.begin(), levels.end()}));
    }
    return events_command(level);
}

Result<CommandPtr> drain(const Words& words, bool undo) {
    const bool all = words.has("--all") || words.word(0) == "all";
    return drain_command(all ? std::string() : words.word(0), undo);
}
Result<CommandPtr> make_drain(const Words& words) {
    return drain(words, false);
}
Result<CommandPtr> make_undrain(const Words& words) {
    return drain(words, true);
}

// A line of `help`: usages stand in a column.
std::string help_line(std::string_view usage, std::string_view summary) {
    constexpr std::size_t column = 41;
    std::string line = "  " + std::string(usage);
    line += std::string(line.size() < column ? column - line.size() : 2, ' ');
    return line + std::string(summary) + "\n";
}

}  // namespace

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> all = {
        {.name = "status",
         .usage = "status",
         .summary = "How the router is doing",
         .flags = {json_flag},
         .make = make_view<status_text>},
        {.name = "routes",
         .usage = "routes [all] [SERVICE]",
         .summary = "By which way each service is reached",
         .more = "With `all` also the alternatives, and what cannot be reached.",
         .kinds = {Kind::service},
         .choices = {"all"},
         .most = 2,
         .flags = {json_flag, "--all"},
         .make = make_routes},
        {.name = "services",
         .usage = "services",
         .summary = "Which services the mesh has, and where",
         .flags = {json_flag},
         .make = make_view<services_text>},
        {.name = "terminals",
         .usage = "terminals",
         .summary = "What is connected to the router",
         .flags = {json_flag},
         .make = make_view<terminals_text>},
        {.name = "neighbours",
         .usage = "neighbours",
         .summary = "The routers that it has links to",
         .flags = {json_flag},
         .make = make_view<neighbours_text>},
        {.name = "explain",
         .usage = "explain DEST",
         .summary = "Where an envelope would go, and why not elsewhere",
         .more = "DEST is service, service@machine or service@*. --source ADDRESS and --header "
                 "NAME=VALUE say what a sticky policy goes by.",
         .kinds = {Kind::destination},
         .least = 1,
         .most = 1,
         .flags = {json_flag},
         .valued = {"--source", "--header"},
         .make = make_explain},
        {.name = "ping",
         .usage = "ping DEST [COUNT]",
         .summary = "Round trips to where an address leads",
         .more = "From the router that this terminal is at. The service is not disturbed.",
         .kinds = {Kind::destination, Kind::word},
         .least = 1,
         .most = 2,
         .make = make_ping},
        {.name = "trace",
         .usage = "trace DEST [--reply-to X] [--deliver]",
         .summary = "Each hop there and back, how long it took, and why that way",
         .more =
             "The service itself gets nothing, but with --deliver. With --reply-to the way back "
             "leads there.",
         .kinds = {Kind::destination},
         .least = 1,
         .most = 1,
         .flags = {json_flag, "--deliver"},
         .valued = {"--reply-to"},
         .make = make_trace},
        {.name = "refusals",
         .usage = "refusals",
         .summary = "What was refused of late, why, and for whom",
         .flags = {json_flag},
         .make = make_view<refusals_text>},
        {.name = "events",
         .usage = "events [LEVEL]",
         .summary = "What happens, as it happens, until the next line",
         .more = "From LEVEL on: debug, info, warning or error; without it as `log` says.",
         .kinds = {Kind::level},
         .most = 1,
         .make = make_events},
        {.name = "history",
         .usage = "history [NAME] [COUNT]",
         .summary = "What has changed in routes and services, and why",
         .more = "NAME is a service or a machine; COUNT how many changes at most, the newest.",
         .kinds = {Kind::destination, Kind::word},
         .most = 2,
         .flags = {json_flag},
         .make = make_history},
        {.name = "ledger",
         .usage = "ledger",
         .summary = "What went in and out everywhere, and whether it adds up",
         .make = make_ledger},
        {.name = "graph",
         .usage = "graph [mermaid|dot]",
         .summary = "The mesh as the router sees it, to be drawn",
         .kinds = {Kind::word},
         .choices = {"mermaid", "dot"},
         .most = 1,
         .flags = {json_flag, "--all"},
         .make = make_graph},
        {.name = "policy",
         .usage = "policy [SERVICE [POLICY]]",
         .summary = "How instances are chosen: shows it, or sets it",
         .more = "POLICY is round-robin, least-conn, random, weighted, nearest, or sticky with "
                 "uname, source or header:NAME. To set it takes the right to change the router.",
         .kinds = {Kind::service, Kind::word},
         .most = 3,
         .flags = {json_flag},
         .make = make_policy},
        {.name = "drain",
         .usage = "drain SERVICE|all",
         .summary = "Takes a service, or all of the router, out of use",
         .more = "It takes the right to change the router.",
         .kinds = {Kind::service},
         .choices = {"all"},
         .least = 1,
         .most = 1,
         .make = make_drain},
        {.name = "undrain",
         .usage = "undrain SERVICE|all",
         .summary = "Puts it to use again",
         .more = "It takes the right to change the router.",
         .kinds = {Kind::service},
         .choices = {"all"},
         .least = 1,
         .most = 1,
         .make = make_undrain},
        {.name = "at",
         .usage = "at [MACHINE]",
         .summary = "Asks that machine's router from now on; alone: this one's again",
         .kinds = {Kind::machine},
         .most = 1},
        {.name = "log",
         .usage = "log [LEVEL [for 60s]]",
         .summary = "From which level on `events` shows what happens, here alone",
         .more = "LEVEL is debug, info, warning or error. Nothing else hears of it: not the "
                 "router's log, and no other terminal.",
         .kinds = {Kind::level, Kind::word},
         .most = 3},
        {.name = "prompt",
         .usage = "prompt [on|off]",
         .summary = "A prompt before each line, instead of an empty line after each answer",
         .kinds = {Kind::word},
         .choices = {"on", "off"},
         .most = 1},
        {.name = "help",
         .usage = "help [VERB]",
         .summary = "This, or what a verb is for",
         .kinds = {Kind::word},
         .most = 1},
        {.name = "quit", .usage = "quit", .summary = "Ends"},
    };
    return all;
}

std::vector<std::string_view> verb_names() {
    std::vector<std::string_view> names;
    for (const Verb& verb : verbs()) {
        names.push_back(verb.name);
    }
    return names;
}

const Verb* find_verb(std::string_view name) {
    const auto found = std::find_if(verbs().begin(), verbs().end(),
                                    [name](const Verb& verb) { return verb.name == name; });
    return found == verbs().end() ? nullptr : &*found;
}

std::string help_text() {
    std::string text;
    for (const Verb& verb : verbs()) {
        text += help_line(verb.usage, verb.summary);
    }
    return text;
}

std::string help_text(const Verb& verb) {
    std::string text = std::string(verb.usage) + "\n  " + std::string(verb.summary) + "\n";
    if (!verb.more.empty()) {
        text += "  " + std::string(verb.more) + "\n";
    }
    std::string options;
    for (const std::string_view flag : verb.flags) {
        options += (options.empty() ? "" : ", ") + std::string(flag);
    }
    return options.empty() ? text : text + "  Options: " + options + "\n";
}

}  // namespace jetway::console
