// NinepInstances: the connections of Mounts: dials the instances of 9P services, carries their
// bytes, and tells the router how those that are registered here fare.
//
// An address on loopback and a Unix socket belong to the machine where they are registered, and are
// dialled by its router alone. Any other is dialled from here first; where that comes to nothing it
// goes by way of the mesh (ninep_tunnels.h), and for `not_again` at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/carriers.h"
#include "daemon/ninep_tunnels.h"
#include "io/timer.h"
#include "ninep/mount.h"
#include "ninep/services.h"

namespace jetway::daemon {

class NinepInstances {
public:
    static constexpr base::Duration dial_timeout = std::chrono::milliseconds(1'000);
    static constexpr base::Duration not_again = std::chrono::seconds(60);
    static constexpr std::size_t most_remembered = 1'024;  // addresses that can't be dialled

    // `carriers` is borrowed and outlives it.
    explicit NinepInstances(Carriers& carriers);
    ~NinepInstances();
    NinepInstances(const NinepInstances&) = delete;
    NinepInstances& operator=(const NinepInstances&) = delete;

    ninep::Mounts& mounts() { return mounts_; }
    // The services in the mesh have changed.
    void update(const std::vector<ninep::ServiceView>& services);
    // Dials, writes, closes, as the Mounts want. At the end of every turn.
    void turn();

private:
    class Link;

    void carry_out(const ninep::Mounts::Effects& effects);
    void connect(const ninep::Mounts::Connect& connect);
    void drop(ninep::LinkId link);
    bool cannot_dial(const std::string& address);

    Carriers& carriers_;
    ninep::Mounts mounts_;
    NinepTunnels tunnels_;
    io::Timer timer_;
    std::unordered_map<ninep::LinkId, std::unique_ptr<Link>> links_;
    std::vector<std::unique_ptr<Link>> ended_;
    std::map<std::string, base::Instant> by_mesh_;  // until when
    bool in_turn_ = false;
};

}  // namespace jetway::daemon
