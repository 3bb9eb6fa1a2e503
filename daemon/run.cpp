#include "daemon/run.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "daemon/log.h"
#include "daemon/server.h"
#include "io/file.h"
#include "io/signals.h"

namespace jetway::daemon {

namespace {

using Level = base::Report::Level;

constexpr std::size_t max_file = std::size_t{8} << 20U;
constexpr int invalid_configuration = 3;

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

// What is written without a leading slash is in the file's folder.
void resolve_token_files(const std::string& file, config::MachineConfig& machine) {
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    const auto resolve = [&folder](std::string& path) {
        if (!path.empty()) {
            path = (folder / path).string();
        }
    };
    resolve(machine.socket_rules.token_file);
    for (config::LocalTerminalConfig& local : machine.locals) {
        resolve(local.rules.token_file);
    }
    for (config::LocalTerminalConfig& debug : machine.debugs) {
        resolve(debug.rules.token_file);
    }
}

// What the file says of the machine, or every reason why not, a line each.
base::Result<config::MachineConfig> load(const RunOptions& options, const std::string& machine) {
    base::Result<std::string> text = io::read_file(options.file, max_file);
    if (!text) {
        return base::Error{"config", text.error().detail};
    }
    config::Checked checked = config::parse_deployment(*text);
    if (!checked.deployment) {
        std::string lines;
        for (const config::Problem& problem : checked.problems) {
            lines += (lines.empty() ? "" : "\n") + config::format(problem, options.file);
        }
        return base::Error{"config", lines};
    }
    config::Deployment deployment =
        options.map_loopback ? config::map_to_loopback(std::move(*checked.deployment), nullptr)
                             : std::move(*checked.deployment);
    const config::MachineConfig* found = deployment.find(machine);
    if (found == nullptr) {
        std::string names;
        for (const config::MachineConfig& one : deployment.machines) {
            names += (names.empty() ? "" : ", ") + one.name;
        }
        return base::Error{"config", options.file + ": no machine is named `" + machine +
                                         "`; give one of these with --machine: " + names};
    }
    config::MachineConfig loaded = *found;
    resolve_token_files(options.file, loaded);
    return loaded;
}

std::string socket_path(const RunOptions& options, const config::MachineConfig& machine) {
    if (!options.socket.empty()) {
        return options.socket;
    }
    return machine.socket ? machine.socket->path
                          : options.socket_directory + "/" + machine.name + ".sock";
}

void reload(Server& server, const RunOptions& options, const std::string& machine) {
    base::Result<config::MachineConfig> fresh = load(options, machine);
    const base::Result<void> applied =
        fresh ? server.reload(std::move(*fresh)) : base::Result<void>(fresh.error());
    if (!fresh) {
        server.reload_refused();
    }
    if (!applied) {
        server.report(
            {Level::error, "reload refused, nothing changed", {{"why", applied.error().detail}}});
    }
}

}  // namespace

int run(const RunOptions& options) {
    const std::string machine = options.machine.empty() ? host_name() : options.machine;
    base::Result<config::MachineConfig> loaded = load(options, machine);
    if (!loaded) {
        std::fprintf(stderr, "%s\n", loaded.error().detail.c_str());
        return invalid_configuration;
    }
    const bool text = options.log_format == "text" ||
                      (options.log_format == "auto" && isatty(STDERR_FILENO) == 1);
    Log log(text ? Log::Format::text : Log::Format::json, options.log_level, machine);
    io::Loop loop;
    Server::Options wanted;
    wanted.machine = *loaded;
    wanted.socket = socket_path(options, *loaded);
    wanted.folder = std::filesystem::path(options.file).parent_path().string();
    wanted.insecure = options.insecure;
    wanted.admin = true;
    wanted.on_report = [&](const base::Report& report) { log.write(report, loop.now()); };
    std::unique_ptr<Server> server;
    // Before the first socket is there: whoever sees it may end us in good order.
    const io::Signals signals(loop, {SIGTERM, SIGINT, SIGHUP}, [&](int number) {
        if (number == SIGHUP) {
            reload(*server, options, machine);
        } else {
            server->report({Level::info, "shutting down", {{"signal", std::to_string(number)}}});
            server->shut_down([&loop] { loop.stop(); });
        }
    });
    base::Result<std::unique_ptr<Server>> started = Server::start(loop, std::move(wanted));
    if (!started) {
        std::fprintf(stderr, "jetway: %s\n", started.error().detail.c_str());
        const std::string& code = started.error().code;
        return code == "insecure" || code == "config" || code == "certificate"
                   ? invalid_configuration
                   : 1;
    }
    server = std::move(*started);
    if (server->router().options().insecure) {
        server->report({Level::warning,
                        "insecure",
                        {{"why", "listens beyond loopback without encryption or authentication"}}});
    }
    server->report(
        {Level::info, "router started", {{"machine", machine}, {"version", JETWAY_VERSION}}});
    loop.run();
    log.write({Level::info, "router ended", {}}, loop.now());
    server.reset();
    if (loop.looking_up()) {
        // A resolver that does not answer would keep the process for many seconds, and an engine of
        // containers or a service manager would kill it meanwhile.
        std::_Exit(0);
    }
    return 0;
}

}  // namespace jetway::daemon
