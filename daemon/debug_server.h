// DebugServer: the debug terminals of a router with their sockets: a console::Session for each
// connection, which asks the router through a terminal of its own in this process
// (in_process.h). So whoever types is asked what the deployment asks of the terminal that they came
// to, and may change what their user may.
//
// A connection that is there and asks nothing has no timer and no terminal. One whose reader has
// not taken a byte for `stalled` while there was something for it is closed. Whoever comes when
// there are `most` is told so, and counted.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/in_process.h"
#include "io/stream.h"
#include "io/timer.h"
#include "router/control.h"
#include "transport/failure_log.h"

namespace jetway::daemon {

class DebugServer {
public:
    static constexpr base::Duration stalled = std::chrono::seconds(30);

    // `carriers` is borrowed and outlives it.
    DebugServer(Carriers& carriers, std::size_t most);
    ~DebugServer();
    DebugServer(const DebugServer&) = delete;
    DebugServer& operator=(const DebugServer&) = delete;

    // From now on. Those who are there stay.
    void set_most(std::size_t most) { most_ = most; }

    // A listener's connection at that terminal of the deployment; empty: the default one's rules
    // hold.
    void accept(std::unique_ptr<io::Stream> stream, const std::string& terminal);

    router::ProcessFigures::Clients clients() const {
        return {connections_.size(), refused_, stalled_};
    }

private:
    class Connection;
    void refuse(std::unique_ptr<io::Stream> stream, const std::string& why);
    void lost(Connection* connection);

    Carriers& carriers_;
    std::size_t most_;
    std::uint64_t refused_ = 0;
    std::uint64_t stalled_ = 0;
    transport::FailureLog failures_;
    std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
    std::vector<std::unique_ptr<Connection>> ended_;  // until nothing of theirs is running
    io::Timer reaper_;
};

}  // namespace jetway::daemon
