// `jetway history`: what has changed in a router's routes and catalogs, and why.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "cli/view.h"
#include "console/fields.h"
#include "console/moment.h"
#include "console/views.h"

namespace jetway::cli {

namespace {

struct HistoryOptions {
    std::string of;
    std::uint64_t limit = 100;
};

constexpr std::uint64_t most_changes = 65'536;  // that a router holds

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
        console::stamp(*page, std::chrono::system_clock::now());
        const envelope::Json& rows = console::list_at(*page, "changes");
        for (const envelope::Json& change : rows) {
            if (change.is_object()) {
                changes.push_back(change);
            }
        }
        const std::uint64_t last = rows.empty() ? 0 : console::number_at(rows.back(), "number");
        more = console::flag_at(*page, "more") && last > 0 && (before == 0 || last < before);
        before = last;
        whole = std::move(*page);
    }
    whole["more"] = more;
    whole["changes"] = std::move(changes);
    return whole;
}

}  // namespace

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
    view.text = console::history_text;
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
