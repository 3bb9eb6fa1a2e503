// Listeners: where a machine listens, and for whom. What its deployment wants becomes what is open,
// whole or not at all; those that stay keep their connections.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/report.h"
#include "base/result.h"
#include "config/machine.h"
#include "io/loop.h"
#include "transport/listener.h"

namespace jetway::daemon {

// Whom a listener is for.
enum class Serves { services, neighbours, ninep, debug, admin };

struct WantedListener {
    Serves serves;
    transport::Target target;
    std::string terminal{};    // the local terminal's name; empty: the default one
    bool write = false;        // ninep, admin: its clients may change the router
    bool may_fail = false;     // then it is only reported
    bool on_loopback = false;  // admin: it is reached from this host only

    std::string key() const;  // "neighbours 10.0.0.1:9001"
};

// Those of the deployment, and those that every router has beside its Unix socket. Empty `socket`:
// none of these. `admin`: HTTP is answered at the default address where the deployment says nothing
// of it.
std::vector<WantedListener> wanted_listeners(const config::MachineConfig& machine,
                                             const std::string& socket, bool admin);

class Listeners {
public:
    using OnStream = std::function<void(const WantedListener& at, std::unique_ptr<io::Stream>)>;

    // What a listener needs of the world. All is borrowed and outlives it.
    struct House {
        transport::Admission& admission;
        std::function<transport::Terms(bool certificate_required)> terms;
        std::function<void(const base::Report&)> on_report;
        OnStream on_stream;
    };
    Listeners(io::Loop& loop, House house) : loop_(loop), house_(std::move(house)) {}

    // Opens what is wanted and isn't open, then closes what is no longer wanted. On an error
    // nothing has changed.
    base::Result<void> become(std::vector<WantedListener> wanted);
    void close_all_but(Serves serves);

    // For whom, and where: "neighbours", "10.0.0.1:9001".
    std::vector<std::pair<std::string, std::string>> list() const;

private:
    struct Open {
        WantedListener wanted;
        std::unique_ptr<transport::Listener> listener;
    };
    base::Result<std::unique_ptr<transport::Listener>> open(const WantedListener& wanted);

    io::Loop& loop_;
    House house_;
    std::map<std::string, Open> open_;  // by key
};

}  // namespace jetway::daemon
