// Carriers: every socket of one router, and what runs it: accepts, dials, timers, the end of each
// turn.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daemon/carrier.h"
#include "io/loop.h"
#include "io/timer.h"
#include "router/router.h"
#include "transport/dialler.h"
#include "transport/failure_log.h"

namespace jetway::daemon {

class InProcess;

class Carriers {
public:
    using OnReport = std::function<void(const base::Report&)>;

    // `loop` and `router` are borrowed. Takes over the loop's on_turn_end.
    Carriers(io::Loop& loop, router::Router& router, OnReport on_report);
    ~Carriers();
    Carriers(const Carriers&) = delete;
    Carriers& operator=(const Carriers&) = delete;

    // A listener's connection; `terminal` is the configured local terminal's name, empty: the
    // default one's.
    void accept(router::Entry by, const std::string& terminal, std::unique_ptr<io::Stream> stream);
    // Where the neighbour at the end of a configured link is dialled; none: it is never dialled.
    void set_target(const std::string& peer, std::optional<transport::Target> target);

    // With what TLS is spoken to neighbours that are dialled from now on.
    void set_tls(std::shared_ptr<const io::TlsContext> tls) { tls_ = std::move(tls); }

    // Brings the router up to date and carries out what it wants. At the end of every turn of the
    // loop, and after whatever changed the router outside of one.
    void turn();

    // Called at the end of each turn, when the router has nothing more to say.
    void after_turn(std::function<void()> then) { after_turn_ = std::move(then); }
    // Called for every byte stream to a 9P server here that somebody asks the router for.
    void on_ninep_dial(std::function<void(const router::Router::NinepDial&)> callback) {
        on_ninep_dial_ = std::move(callback);
    }

    void attach_in_process(router::TerminalId id, InProcess* handler);

    // For Carrier and InProcess: the connection is gone.
    void lost(router::TerminalId id, const std::string& why);
    // Says what TLS has against a peer, a machine or an address, if that is why it ended; the same
    // again is rate-limited.
    void report_tls(const std::string& peer, const base::Error& why);

    // For those who carry something else for the router.
    void report(const base::Report& report) {
        router_.note(report, loop_.now());
        on_report_(report);
    }

    router::Router& router() { return router_; }
    io::Loop& loop() { return loop_; }

private:
    void carry_out(const router::Router::Effects& effects);
    void dial(std::size_t link);
    void close(router::TerminalId id);

    io::Loop& loop_;
    router::Router& router_;
    OnReport on_report_;
    std::shared_ptr<const io::TlsContext> tls_;
    transport::FailureLog failures_;
    io::Timer timer_;
    std::unordered_map<router::TerminalId, std::unique_ptr<Carrier>> carriers_;
    std::unordered_map<router::TerminalId, InProcess*> in_process_;
    std::map<std::string, transport::Target, std::less<>> targets_;
    std::map<std::string, std::unique_ptr<transport::Dialler>, std::less<>> dials_;  // by peer
    std::vector<std::unique_ptr<Carrier>> ended_;               // destroyed at the end of the turn
    std::vector<std::unique_ptr<transport::Dialler>> dialled_;  // as well
    std::function<void()> after_turn_;
    std::function<void(const router::Router::NinepDial&)> on_ninep_dial_;
    bool in_turn_ = false;
};

}  // namespace jetway::daemon
