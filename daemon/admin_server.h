// AdminServer: the HTTP listener's connections (admin/site.h says what is there). It asks its own
// router as any face does, and those of other machines over an in-process terminal.
//
// Bounds: `most_clients` connections, beyond which a newcomer is closed at once and counted; each
// has one request under way; an answer of another machine is waited for `ask_timeout`; a client
// that doesn't read its answer is closed after `stalled`.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "admin/site.h"
#include "daemon/in_process.h"
#include "io/stream.h"
#include "io/timer.h"
#include "router/control.h"

namespace jetway::daemon {

class AdminServer {
public:
    static constexpr std::size_t most_clients = 64;
    static constexpr base::Duration ask_timeout = std::chrono::seconds(5);
    static constexpr base::Duration stalled = std::chrono::seconds(10);

    // `carriers` is borrowed and outlives it.
    explicit AdminServer(Carriers& carriers);
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    // A listener's connection. `write`: whoever comes here may change the router; else only those
    // of whom the kernel says that they may. `on_loopback`: what the listener is bound to is
    // reached from this host only.
    void accept(std::unique_ptr<io::Stream> stream, bool write, bool on_loopback);

    router::ProcessFigures::Clients clients() const {
        return {connections_.size(), refused_, stalled_};
    }

private:
    class Connection;
    struct Asked {
        Connection* by = nullptr;
        admin::Question question;
        base::Instant due{};
    };

    void ask(Connection& by, const admin::Question& question);
    void ask_elsewhere(Connection& by, const admin::Question& question);
    void on_envelope(const envelope::EnvelopeView& view);
    void give(std::uint64_t id, const base::Result<envelope::Json>& answer);
    void lost(Connection* connection);
    void on_timer();
    void arm();

    Carriers& carriers_;
    std::unique_ptr<InProcess> asker_;
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, Asked> asked_;
    std::uint64_t refused_ = 0;
    std::uint64_t stalled_ = 0;
    std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
    std::set<Connection*> ready_;                     // have something to write
    std::vector<std::unique_ptr<Connection>> ended_;  // destroyed by the timer
    io::Timer timer_;
};

}  // namespace jetway::daemon
