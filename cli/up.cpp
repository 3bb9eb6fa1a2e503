// `jetway up`: every machine of a deployment on this host, a router process each.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "cli/deployment_file.h"
#include "cli/find_router.h"
#include "cli/report.h"
#include "cli/router_group.h"
#include "cli/verbs.h"
#include "console/table.h"
#include "io/signals.h"

namespace jetway::cli {

namespace {

constexpr base::Duration start_limit = std::chrono::seconds(15);
constexpr base::Duration retry = std::chrono::milliseconds(20);
constexpr base::Duration signal_race = std::chrono::milliseconds(200);
constexpr base::Duration beyond_grace = std::chrono::seconds(3);

struct UpOptions {
    std::string file;
    std::string sockets;
    std::string log_format = "auto";
    std::string log_level = "info";
};

// Absolute, since what is printed is to be copied into other shells.
std::string absolute(const std::string& path) {
    std::error_code failed;
    const std::filesystem::path whole = std::filesystem::absolute(path, failed);
    return failed ? path : whole.lexically_normal().string();
}

std::vector<RouterGroup::Member> members_of(const config::Deployment& deployment,
                                            const UpOptions& options, bool json) {
    const std::string directory =
        absolute(options.sockets.empty() ? default_directory() : options.sockets);
    std::vector<RouterGroup::Member> members;
    for (const config::MachineConfig& machine : deployment.machines) {
        const bool as_the_file_says = options.sockets.empty() && machine.socket.has_value();
        const std::string socket =
            as_the_file_says
                ? machine.socket->path
                : (std::filesystem::path(directory) / (machine.name + ".sock")).string();
        members.push_back({machine.name,
                           socket,
                           {"/proc/self/exe", "run", options.file, "--machine", machine.name,
                            "--map-loopback", "--socket", socket, "--log-format",
                            json ? "json" : "text", "--log-level", options.log_level}});
    }
    return members;
}

void print_mapping(const std::vector<std::pair<std::string, std::string>>& mapping,
                   const std::vector<RouterGroup::Member>& members, bool colour) {
    std::string text;
    if (!mapping.empty()) {
        console::Table addresses({"ADDRESS IN THE FILE", "HERE"});
        for (const auto& [was, is] : mapping) {
            addresses.add({was, is});
        }
        text = addresses.text(colour) + "\n";
    }
    console::Table sockets({"MACHINE", "SOCKET"});
    for (const RouterGroup::Member& member : members) {
        sockets.add({member.machine, member.socket});
    }
    print(text + sockets.text(colour) + "\n");
}

class Up {
public:
    Up(bool json, bool colour)
        : signals_(runtime_.loop(), {SIGINT, SIGTERM, SIGHUP}, [this](int) { signalled_ = true; }),
          group_(runtime_, json, colour) {}

    int run(const std::vector<RouterGroup::Member>& members, base::Duration grace) {
        for (const RouterGroup::Member& member : members) {
            if (const base::Result<void> started = group_.start(member); !started) {
                group_.stop(grace);
                complain("cannot start the router of " + member.machine + ": " +
                         started.error().code + ": " + started.error().detail);
                return exit_negative;
            }
        }
        const base::Instant deadline = runtime_.now() + start_limit;
        for (const RouterGroup::Member& member : members) {
            if (!await_router(member, deadline) && !ending()) {
                group_.stop(grace);
                complain("the router of " + member.machine + " does not answer at " +
                         member.socket);
                return exit_negative;
            }
        }
        if (!ending()) {
            print("all " + std::to_string(members.size()) +
                  " routers answer. Try: jetway routes --socket " + members.front().socket +
                  "   Ctrl-C ends them.\n");
        }
        runtime_.wait_until([this] { return ending(); }, base::never);
        // Ctrl-C reaches the routers as well as us, and one of them may be the first to end.
        runtime_.wait_until([this] { return signalled_; }, runtime_.now() + signal_race);
        const std::string failed = signalled_ ? std::string() : group_.failed();
        group_.stop(grace);
        if (failed.empty()) {
            return exit_yes;
        }
        complain(failed + "; all are ended");
        return exit_negative;
    }

private:
    bool ending() const { return signalled_ || !group_.failed().empty(); }

    bool await_router(const RouterGroup::Member& member, base::Instant deadline) {
        while (!ending() && runtime_.now() < deadline) {
            client::Options options;
            options.timeout = std::chrono::seconds(1);
            if (client::Client::connect(runtime_, io::Endpoint::unix_socket(member.socket),
                                        std::move(options))) {
                return true;
            }
            runtime_.wait_until([this] { return ending(); }, runtime_.now() + retry);
        }
        return false;
    }

    client::Runtime runtime_;
    bool signalled_ = false;
    io::Signals signals_;
    RouterGroup group_;
};

int run_up(const UpOptions& options, const Context& context) {
    int exit_code = exit_yes;
    const auto deployment = read_deployment(options.file, exit_code);
    if (!deployment) {
        return exit_code;
    }
    std::vector<std::pair<std::string, std::string>> mapping;
    const config::Deployment mapped = config::map_to_loopback(*deployment, &mapping);
    base::Duration grace{};
    for (const config::MachineConfig& machine : mapped.machines) {
        grace = std::max(grace, machine.shutdown_grace);
    }
    const bool logs_to_terminal = ::isatty(STDERR_FILENO) == 1;
    const bool json =
        options.log_format == "json" || (options.log_format == "auto" && !logs_to_terminal);
    const auto members = members_of(mapped, options, json);
    print_mapping(mapping, members, context.colour);
    return Up(json, context.colour && logs_to_terminal).run(members, grace + beyond_grace);
}

}  // namespace

void add_up(CLI::App& app, Context& context) {
    CLI::App* verb =
        app.add_subcommand("up", "Run every machine of a deployment on this host, without root");
    verb->footer(
        "Every address of the file becomes an own address in 127.0.0.0/8, its port kept; the "
        "mapping is printed, and the socket of each router. Ctrl-C ends all. When a router ends by "
        "itself, the others are ended, too, with exit code 1.\n\nExamples:\n"
        "  jetway up deployment.yml\n"
        "  jetway up deployment.yml --sockets /tmp/mesh\n"
        "  JETWAY_SOCKET=/tmp/mesh/machine-a.sock jetway request gpu-server 'hello'");
    const auto options = std::make_shared<UpOptions>();
    verb->add_option("FILE", options->file, "The deployment file")->required();
    verb->add_option(
            "--sockets", options->sockets,
            "Directory for the sockets, <machine>.sock (default: " + default_directory() + ")")
        ->type_name("DIR");
    verb->add_option("--log-format", options->log_format,
                     "The routers' logs, on stderr: text, json, or auto: text on a terminal")
        ->capture_default_str()
        ->check(CLI::IsMember({"auto", "text", "json"}));
    verb->add_option("--log-level", options->log_level, "How much the routers log")
        ->capture_default_str()
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    verb->callback([options, &context] { context.exit_code = run_up(*options, context); });
}

}  // namespace jetway::cli
