// Server: a router with its sockets, as a deployment's machine wants it. What `jetway run` runs,
// and what a program that wants a router inside itself makes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/deployment.h"
#include "config/reload.h"
#include "daemon/admin_server.h"
#include "daemon/carriers.h"
#include "daemon/debug_server.h"
#include "daemon/in_process.h"
#include "daemon/listeners.h"
#include "daemon/ninep_server.h"
#include "io/loop.h"
#include "router/router.h"

namespace jetway::daemon {

class Server {
public:
    struct Options {
        config::MachineConfig machine;
        std::string socket;  // path of the default Unix socket; empty: none, nor one for 9P
        std::string folder;  // of the deployment file: relative paths of certificates start there
        bool insecure = false;  // may listen beyond loopback without TLS
        bool admin = false;     // answers HTTP where a deployment does by default
        std::function<void(const base::Report&)> on_report;
    };

    // Opens every listener, or none: an error says which and why (`insecure` for a listener that
    // needs `insecure: true`, `certificate` for files that can't be used). `loop` is borrowed and
    // outlives the server.
    static base::Result<std::unique_ptr<Server>> start(io::Loop& loop, Options options);
    ~Server();

    // A service in this process. It must be gone before the server.
    std::unique_ptr<InProcess> attach(std::vector<envelope::ServiceEntry> services,
                                      InProcess::OnEnvelope on_envelope);

    // Applies a changed configuration whole, or nothing of it: an error says why not. Connections
    // that it does not concern stay. What changed is reported. Certificates are read again, for
    // the handshakes from now on.
    base::Result<void> reload(config::MachineConfig fresh);

    // Drains all, retracts, lets queues run out, says GOODBYE, then calls `done` once. Draining
    // takes up to a half of `shutdown_grace`, and with the queues no more than the whole.
    void shut_down(std::function<void()> done);

    // A changed deployment that couldn't even be read: it is counted as reload() counts those that
    // it refuses.
    void reload_refused();
    // Something that only the program around it knows of: for the log, and for who follows events.
    void report(const base::Report& what);

    const router::Router& router() const { return router_; }
    // Connections at its listeners: how many became streams of frames, and why others did not.
    const transport::Admission::Counters& handshakes() const { return admission_.counters(); }

private:
    Server(io::Loop& loop, Options options);
    base::Result<void> listen_as(const config::MachineConfig& machine);
    base::Result<void> check_listeners(const config::MachineConfig& machine) const;
    void set_targets(const config::MachineConfig& machine);
    base::Result<void> apply(config::MachineConfig fresh);
    router::ProcessFigures figures() const;
    void use_certificates(std::shared_ptr<const io::TlsContext> tls);
    void report_validity();
    void watch_shutdown();
    void accept(const WantedListener& at, std::unique_ptr<io::Stream> stream);

    io::Loop& loop_;
    Options options_;
    std::uint64_t started_unix_ms_;
    router::ProcessFigures::Configuration configuration_;
    router::Router router_;
    Carriers carriers_;
    NinepServer ninep_;
    DebugServer debug_;
    AdminServer admin_;
    std::shared_ptr<const io::TlsContext> tls_;  // none: no TLS
    transport::Admission admission_;
    Listeners listeners_;
    io::Timer validity_timer_;
    io::Timer shutdown_timer_;
    base::Instant drain_over_ = base::never;  // never: not draining, or no more
    base::Instant grace_over_ = base::never;
    bool said_goodbye_ = false;
    std::function<void()> on_shut_down_;
};

}  // namespace jetway::daemon
