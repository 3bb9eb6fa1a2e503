// `jetway history`: what has changed in a router's routes and catalogs, and why.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/format.h"
#include "cli/moment.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "cli/view_texts.h"

namespace jetway::cli {

namespace {

struct HistoryOptions {
    std::string of;
    std::uint64_t limit = 100;
};

constexpr std::uint64_t most_changes = 65'536;  // that a router holds

// "via machine-b, 2 hops, cost 2" or "up, 2 instances"; empty: there was none.
std::string side_text(const envelope::Json& side) {
    if (const std::string neighbour = text_at(side, "neighbour"); !neighbour.empty()) {
        return "via " + neighbour + ", " + format_plural(number_at(side, "hops"), "hop") +
               ", cost " + text_at(side, "cost");
    }
    const std::uint64_t up = number_at(side, "up");
    return text_at(side, "health") + (up > 1 ? ", " + format_plural(up, "instance") : "");
}

std::string cause_text(const envelope::Json& cause) {
    const std::string event = text_at(cause, "event");
    const std::string of = text_at(cause, "of");
    const std::string code = text_at(cause, "code");
    std::string text = event;
    std::replace(text.begin(), text.end(), '-', ' ');
    if (!of.empty()) {
        text += (event.starts_with("link-") ? " to " : " of ") + of;
    }
    return code.empty() ? text : text + " (" + code + ")";
}

Cell change_cell(const std::string& change) {
    if (change == "selected" || change == "up") {
        return {change, Tone::good};
    }
    return change == "lost" || change == "gone" ? Cell(change, Tone::bad) : state_cell(change);
}

// Page after page until there are as many as wanted, or no more; the newest first.
base::Result<envelope::Json> fetch_history(const HistoryOptions& options, const Ask& ask) {
    envelope::Json whole;
    envelope::Json changes = envelope::Json::array();
    std::uint64_t before = 0;
    bool more = true;
    while (more && changes.size() < options.limit) {
        envelope::Json args{{"of", options.of}, {"limit", options.limit - changes.size()}};
        if (before > 0) {
            args["before"] = before;
        }
        base::Result<envelope::Json> page = ask(std::move(args));
        if (!page) {
            return page;
        }
        const WallTime now = std::chrono::system_clock::now();
        const envelope::Json& rows = list_at(*page, "changes");
        for (envelope::Json change : rows) {
            if (change.is_object()) {
                const std::chrono::milliseconds age(number_at(change, "ageMs"));
                change["time"] = timestamp(now - age);
                changes.push_back(std::move(change));
            }
        }
        const std::uint64_t last = rows.empty() ? 0 : number_at(rows.back(), "number");
        more = flag_at(*page, "more") && last > 0 && (before == 0 || last < before);
        before = last;
        whole = std::move(*page);
        whole["time"] = timestamp(now);
    }
    whole["more"] = more;
    whole["changes"] = std::move(changes);
    return whole;
}

}  // namespace

// The oldest first, as a log has it.
std::string history_text(const envelope::Json& answer, bool colour) {
    Table table({"TIME", "MACHINE", "SERVICE", "CHANGE", "BEFORE", "AFTER", "CAUSE"});
    const std::string now = text_at(answer, "time");
    const envelope::Json& changes = list_at(answer, "changes");
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        table.add({short_time(text_at(*change, "time"), now), text_at(*change, "machineId"),
                   text_at(*change, "service"), change_cell(text_at(*change, "change")),
                   side_text(object_at(*change, "before")), side_text(object_at(*change, "after")),
                   cause_text(object_at(*change, "cause"))});
    }
    const std::string reach =
        "the history reaches back " + format_age(number_at(answer, "reachMs"));
    if (table.empty()) {
        return "no such changes; " + reach + "\n";
    }
    return table.text(colour) + (flag_at(answer, "more")
                                     ? "There are older ones: --limit shows more; " + reach + "\n"
                                     : "");
}

void add_history(CLI::App& app, Context& context) {
    const auto options = std::make_shared<HistoryOptions>();
    View view;
    view.name = "history";
    view.description = "What has changed in the routes and the catalogs, when, and why";
    view.examples =
        "A router remembers its last 65,536 changes, since its start.\n\nExamples:\n"
        "  jetway history\n"
        "  jetway history gpu-server\n"
        "  jetway history machine-c --limit 1000\n"
        "  jetway history --at machine-b --json";
    view.text = history_text;
    view.add_options = [options](CLI::App& verb) {
        verb.add_option("OF", options->of,
                        "A service or a machine: only what bears on it (of a service, also the way "
                        "to each machine that lists it)")
            ->type_name("SERVICE|MACHINE");
        verb.add_option("-n,--limit", options->limit, "At most so many, the newest")
            ->type_name("N")
            ->capture_default_str()
            ->check(CLI::Range(std::uint64_t{1}, most_changes));
    };
    view.fetch = [options](const Ask& ask, envelope::Json) { return fetch_history(*options, ask); };
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
