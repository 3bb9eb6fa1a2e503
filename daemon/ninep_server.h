// NinepServer: the /svc tree of a router with its sockets: a Session for each connection, the
// in-process terminal by which its files ask services, and their timers.
//
// A client that doesn't read is held to the bounds of a Session, and closed when it has not read a
// byte for `stalled` while an answer waits. Whoever comes when there are `most_clients` is closed
// at once, and counted.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "daemon/in_process.h"
#include "daemon/ninep_instances.h"
#include "io/stream.h"
#include "io/timer.h"
#include "ninep/tree.h"
#include "router/control.h"

namespace jetway::daemon {

class NinepServer {
public:
    static constexpr base::Duration stalled = std::chrono::seconds(30);
    static constexpr std::size_t most_clients = 4'096;

    // `carriers` is borrowed and outlives it.
    explicit NinepServer(Carriers& carriers);
    ~NinepServer();
    NinepServer(const NinepServer&) = delete;
    NinepServer& operator=(const NinepServer&) = delete;

    // A listener's connection. `write`: whoever comes here may change the router; else only those
    // of whom the kernel says that they may.
    void accept(std::unique_ptr<io::Stream> stream, bool write);
    // Writes what is ready. At the end of every turn.
    void turn();

    router::ProcessFigures::Clients clients() const {
        return {connections_.size(), refused_, stalled_};
    }

private:
    class Connection;
    void lost(Connection* connection);
    void check_stalled();
    void arm();
    ninep::Outside outside();
    const std::vector<ninep::ServiceView>& services();

    Carriers& carriers_;
    std::unique_ptr<InProcess> asker_;
    ninep::Asks asks_;
    NinepInstances instances_;
    ninep::Tree tree_;
    std::vector<ninep::ServiceView> services_;
    std::uint64_t services_version_ = 0;
    std::uint64_t told_ = 0;         // the version of which the tree knows
    std::uint64_t told_events_ = 0;  // the newest event, by its number, as well
    std::uint64_t refused_ = 0;
    std::uint64_t stalled_ = 0;
    std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
    std::set<Connection*> ready_;                     // have output
    std::vector<std::unique_ptr<Connection>> ended_;  // destroyed at the end of the turn
    io::Timer timer_;
    io::Timer stall_timer_;
};

}  // namespace jetway::daemon
