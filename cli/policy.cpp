// `jetway policy`: how instances of a service are chosen, and setting it.
#include "balance/policy.h"

#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "console/views.h"

namespace jetway::cli {

namespace {

using envelope::Json;

struct PolicyOptions {
    std::string service;
    std::vector<std::string> words;
};

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

}  // namespace

void add_policy(CLI::App& app, Context& context) {
    const auto options = std::make_shared<PolicyOptions>();
    View view;
    view.name = "policy";
    view.description = "How an instance of a service is chosen: show it, or set it";
    view.examples =
        "round-robin, least-conn (the fewest requests in flight), random, weighted, nearest, or "
        "sticky with uname (of a 9P client), source or header:NAME (of an envelope). Without a "
        "word of it envelope services have nearest, 9P services round-robin. It is set at one "
        "router, holds at all of them, and is gone with that one; what shall outlive it stands in "
        "the deployment file (`policy:`).\n"
        "Exit codes: 0 yes, 1 refused, 6 not permitted.\n\nExamples:\n"
        "  jetway policy\n"
        "  jetway policy web least-conn\n"
        "  jetway policy gpu-server sticky header:user";
    view.text = console::policies_text;
    view.add_options = [options](CLI::App& verb) {
        verb.add_option("SERVICE", options->service, "The service")->check(service_name_check());
        verb.add_option("POLICY", options->words, "The policy to set, with its key")
            ->expected(0, 2);
    };
    view.fetch = [options](const Ask& ask, Json args) -> base::Result<Json> {
        args = Json::object();
        if (!options->service.empty()) {
            args["service"] = options->service;
        }
        if (!options->words.empty()) {
            const auto policy = balance::parse_policy(joined(options->words));
            if (!policy) {
                return base::Error{"usage", policy.error().detail};
            }
            args["policy"] = policy->text();
        }
        return ask(std::move(args));
    };
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
