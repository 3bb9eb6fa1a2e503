// Where a tool looks for its router: --socket, else $JETWAY_SOCKET, else the only *.sock in the
// default directory, else <host name>.sock there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/options.h"
#include "client/client.h"

namespace jetway::cli {

// /run/jetway for root, $XDG_RUNTIME_DIR/jetway for others, /tmp/jetway-<uid> without that.
std::string default_directory();

std::string host_name();

// What decides, as it was found; a value, so that the choice can be tested.
struct Surroundings {
    std::string environment;           // $JETWAY_SOCKET
    std::string directory;             // the default one
    std::vector<std::string> sockets;  // the *.sock there, sorted
    std::string host;
};

Surroundings look_around();

// The one address to try. Error `no-router` when there are several and nothing says which; `usage`.
base::Result<transport::Target> choose_router(const std::string& socket_option,
                                              const Surroundings& surroundings);

// Connected and greeted, or one line has been printed and `exit_code` says why.
std::unique_ptr<client::Client> reach_router(client::Runtime& runtime, const RouterOptions& options,
                                             std::vector<envelope::ServiceEntry> services,
                                             int& exit_code);

}  // namespace jetway::cli
