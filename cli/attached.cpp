#include "cli/attached.h"

#include <csignal>

#include "cli/report.h"

namespace jetway::cli {

Attached::Attached()
    : signals_(runtime_.loop(), {SIGINT, SIGTERM}, [this](int) { signalled_ = true; }) {}

bool Attached::attach(const RouterOptions& options, const std::string& name) {
    envelope::ServiceEntry service;
    service.name = name;
    client_ = reach_router(runtime_, options, {service}, exit_code_);
    return client_ != nullptr;
}

int Attached::wait(const std::function<bool()>& done, base::Instant deadline) {
    const bool ended =
        runtime_.wait_until([&] { return done() || signalled_ || !client_->is_open(); }, deadline);
    if (!ended) {
        complain("timeout: not all came in time");
        return exit_timeout;
    }
    if (!done() && !signalled_) {
        return fail("the router is gone", client_->why_closed());
    }
    client_->close();
    return exit_yes;
}

}  // namespace jetway::cli
