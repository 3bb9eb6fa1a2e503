// The exit codes of every verb: what a script may rely on.
#pragma once

#include <string_view>

namespace jetway::cli {

enum ExitCode : int {
    exit_yes = 0,
    exit_negative = 1,       // a negative answer: no route, refused
    exit_usage = 2,          // the command line makes no sense
    exit_invalid = 3,        // invalid configuration
    exit_no_router = 4,      // no router reached, or it went away
    exit_timeout = 5,        // nothing came in time
    exit_not_permitted = 6,  // the router, or the system, forbids it
    exit_some_missing = 7,   // some answered, some did not
};

// For the code of an error, as docs/protocol.md and client/client.h name them.
ExitCode exit_code_of(std::string_view error_code);

}  // namespace jetway::cli
