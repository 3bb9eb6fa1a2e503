#include "cli/exit_code.h"

namespace jetway::cli {

ExitCode exit_code_of(std::string_view error_code) {
    if (error_code == "timeout") {
        return exit_timeout;
    }
    if (error_code == "forbidden" || error_code == "forbidden-source" ||
        error_code == "bad-hello" || error_code == "certificate" || error_code == "EACCES" ||
        error_code == "EPERM") {
        return exit_not_permitted;
    }
    if (error_code == "no-router" || error_code == "closed" || error_code == "shutdown" ||
        error_code == "hello-timeout" || error_code == "version") {
        return exit_no_router;
    }
    if (error_code == "usage") {
        return exit_usage;
    }
    return exit_negative;
}

}  // namespace jetway::cli
