// `jetway run`: one machine's router as a process.
#pragma once

#include <string>

namespace jetway::daemon {

struct RunOptions {
    std::string file;              // deployment.yml
    std::string machine;           // empty: the host name
    std::string socket;            // path of the default Unix socket; empty: as the file says, else
    std::string socket_directory;  // <machine>.sock in this folder
    bool insecure = false;         // allows listeners beyond loopback without TLS
    bool map_loopback = false;     // addresses as `jetway up` maps them
    std::string log_format = "auto";  // auto: text on a terminal, else JSON
    std::string log_level = "info";
};

// Runs until SIGTERM or SIGINT; SIGHUP reads the file again. Returns the exit code: 0, 3 for an
// invalid configuration, 1 when a listener can't be opened.
int run(const RunOptions& options);

}  // namespace jetway::daemon
