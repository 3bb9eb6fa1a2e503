// Attached: a tool that is a service for as long as nobody ends it: what `listen` and `serve`
// share.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "cli/find_router.h"
#include "client/client.h"
#include "io/signals.h"

namespace jetway::cli {

class Attached {
public:
    // Ends by SIGINT and SIGTERM from here on.
    Attached();

    // Attaches as `name`, or has complained: exit_code() says why.
    bool attach(const RouterOptions& options, const std::string& name);

    client::Runtime& runtime() { return runtime_; }
    client::Client& client() { return *client_; }
    int exit_code() const { return exit_code_; }

    // Until done() holds, a signal came (both exit code 0), the deadline (5) or the connection is
    // gone (4).
    int wait(const std::function<bool()>& done, base::Instant deadline);

private:
    client::Runtime runtime_;
    bool signalled_ = false;
    io::Signals signals_;
    std::unique_ptr<client::Client> client_;
    int exit_code_ = 0;
};

}  // namespace jetway::cli
