// `jetway register`, `jetway deregister`: instances that are 9P servers, and nobody attaches.
#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "console/views.h"
#include "envelope/ninep_address.h"

namespace jetway::cli {

namespace {

using envelope::Json;

struct InstanceOptions {
    std::string service;
    std::string address;
    std::uint64_t weight = 1;
    std::string version;
};

CLI::Validator ninep_address_check() {
    return CLI::Validator(
        [](std::string& text) {
            const auto address = envelope::parse_ninep_address(text);
            return address ? std::string() : address.error().detail;
        },
        "", "9P address");
}

void add_instance(CLI::App& verb, InstanceOptions& options) {
    verb.add_option("SERVICE", options.service, "The service")
        ->required()
        ->check(service_name_check());
    verb.add_option("ADDRESS", options.address,
                    "Where the server is, and its path there: HOST:PORT[/PATH] or "
                    "unix:///SOCKET[!/PATH]")
        ->required()
        ->check(ninep_address_check());
}

View instance_view(const std::shared_ptr<InstanceOptions>& options) {
    View view;
    view.text = [](const Json& answer, bool) { return console::registration_text(answer); };
    view.json_help = "One JSON object instead of a sentence";
    view.add_options = [options](CLI::App& verb) { add_instance(verb, *options); };
    view.fetch = [options](const Ask& ask, Json args) {
        args["service"] = options->service;
        args["address"] = options->address;
        return ask(std::move(args));
    };
    return view;
}

}  // namespace

void add_register(CLI::App& app, Context& context) {
    const auto options = std::make_shared<InstanceOptions>();
    View view = instance_view(options);
    view.name = "register";
    view.description = "List an instance that is a 9P server, for every router's /svc";
    view.examples =
        "It is announced with this router's catalog until it is deregistered, or the router is "
        "gone; what stands in the deployment file (`9p:`) comes back with it. Registering the same "
        "again replaces its weight and version.\n"
        "Exit codes: 0 registered, 1 refused, 6 not permitted.\n\nExamples:\n"
        "  jetway register web 10.0.0.2:564/srv/web\n"
        "  jetway register web unix:///run/web.sock --weight 2 --version v2";
    view.add_options = [options](CLI::App& verb) {
        add_instance(verb, *options);
        verb.add_option("--weight", options->weight, "Its share with the policy `weighted`")
            ->check(CLI::Range(1, 65535))
            ->capture_default_str();
        verb.add_option("--version", options->version, "Which version it is, for tables");
    };
    view.fetch = [options](const Ask& ask, Json args) {
        args["service"] = options->service;
        args["address"] = options->address;
        args["weight"] = options->weight;
        args["version"] = options->version;
        return ask(std::move(args));
    };
    add_view(app, context, std::move(view));
}

void add_deregister(CLI::App& app, Context& context) {
    View view = instance_view(std::make_shared<InstanceOptions>());
    view.name = "deregister";
    view.description = "Take an instance out that was registered";
    view.examples =
        "Exit codes: 0 it is gone, 1 it was not registered at this router, 6 not permitted.\n\n"
        "Example:\n"
        "  jetway deregister web 10.0.0.2:564/srv/web";
    add_view(app, context, std::move(view));
}

}  // namespace jetway::cli
