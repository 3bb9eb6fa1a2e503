#include "cli/find_router.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "cli/report.h"
#include "client/endpoint.h"
#include "io/file.h"

namespace jetway::cli {

namespace {

constexpr std::size_t longest_token = 1024;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

std::string list(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

}  // namespace

std::string default_directory() {
    if (::geteuid() == 0) {
        return "/run/jetway";
    }
    const std::string runtime = environment("XDG_RUNTIME_DIR");
    return runtime.empty() ? "/tmp/jetway-" + std::to_string(::geteuid()) : runtime + "/jetway";
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return "localhost";
    }
    return name.data();
}

Surroundings look_around() {
    Surroundings found;
    found.environment = environment("JETWAY_SOCKET");
    found.directory = default_directory();
    found.host = host_name();
    std::error_code ignored;  // a directory that is not there has no sockets
    std::filesystem::directory_iterator entry(found.directory, ignored);
    const std::filesystem::directory_iterator end;
    while (!ignored && entry != end) {
        if (entry->path().extension() == ".sock" && entry->is_socket(ignored)) {
            found.sockets.push_back(entry->path().string());
        }
        entry.increment(ignored);
    }
    std::sort(found.sockets.begin(), found.sockets.end());
    return found;
}

base::Result<transport::Target> choose_router(const std::string& socket_option,
                                              const Surroundings& surroundings) {
    if (!socket_option.empty()) {
        return client::parse_endpoint(socket_option);
    }
    if (!surroundings.environment.empty()) {
        return client::parse_endpoint(surroundings.environment);
    }
    if (surroundings.sockets.size() == 1) {
        return transport::Target(io::Endpoint::unix_socket(surroundings.sockets.front()));
    }
    const std::string ours = surroundings.directory + "/" + surroundings.host + ".sock";
    const auto& sockets = surroundings.sockets;
    if (sockets.empty() || std::find(sockets.begin(), sockets.end(), ours) != sockets.end()) {
        return transport::Target(io::Endpoint::unix_socket(ours));
    }
    return base::Error{"no-router",
                       "there are several routers here: choose one with --socket or "
                       "JETWAY_SOCKET: " +
                           list(sockets)};
}

std::unique_ptr<client::Client> reach_router(client::Runtime& runtime, const RouterOptions& options,
                                             std::vector<envelope::ServiceEntry> services,
                                             int& exit_code) {
    const base::Result<transport::Target> router = choose_router(options.socket, look_around());
    if (!router) {
        complain(router.error().detail);
        exit_code = exit_code_of(router.error().code);
        return nullptr;
    }
    client::Options client_options;
    client_options.services = std::move(services);
    client_options.timeout = options.timeout;
    client_options.token = environment("JETWAY_TOKEN");
    if (!options.token_file.empty()) {
        base::Result<std::string> token = io::read_file(options.token_file, longest_token);
        if (!token) {
            complain(token.error().detail);
            exit_code = exit_usage;
            return nullptr;
        }
        client_options.token = token->substr(0, token->find_first_of("\r\n"));
    }
    if (router->is_encrypted()) {
        auto tls = io::TlsContext::load(
            {.ca = options.ca, .certificate = options.cert, .key = options.key});
        if (!tls) {
            complain(tls.error().detail);
            exit_code = exit_usage;
            return nullptr;
        }
        client_options.tls = std::move(*tls);
        client_options.tls_name = options.tls_name;
    }
    auto client = client::Client::connect(runtime, *router, std::move(client_options));
    if (client) {
        return std::move(client.value());
    }
    const base::Error& error = client.error();
    const ExitCode code = exit_code_of(error.code);
    if (code == exit_not_permitted) {
        const bool unknown_ca = error.code == "certificate" && options.ca.empty();
        complain("the router at " + router->text() + " refused: " + error.code + ": " +
                 error.detail + (unknown_ca ? "; --ca names the file of the CA to trust" : ""));
        exit_code = code;
        return nullptr;
    }
    complain("no router at " + router->text() + " (" + error.code +
             (error.detail.empty() ? "" : ": " + error.detail) +
             "): start one with `jetway run`, or name another with --socket");
    exit_code = exit_no_router;
    return nullptr;
}

}  // namespace jetway::cli
