// map_to_loopback: a mesh of many hosts on this one, as `jetway up` runs it.
//
// A host may have several machines and a machine several hosts, so what gets an address is the pair
// of both. A machine's listen addresses need not be the ones it is dialled at (0.0.0.0, a name, a
// port forwarded): after the mapping it listens where it is dialled, whatever it listened on
// before.
#include <algorithm>
#include <map>
#include <set>

#include "config/deployment.h"

namespace jetway::config {
namespace {

class LoopbackMap {
public:
    explicit LoopbackMap(Deployment deployment) : deployment_(std::move(deployment)) {}

    Deployment map(std::vector<std::pair<std::string, std::string>>* mapping) {
        for (const MachineConfig& machine : deployment_.machines) {
            for (const LinkConfig& link : machine.links) {
                if (link.has_address) {
                    dialled_[link.peer].push_back(link.address);
                }
            }
        }
        const std::set<std::string> shared = shared_sockets();
        for (MachineConfig& machine : deployment_.machines) {
            map_listen(machine);
            map_locals(machine, shared);
        }
        for (MachineConfig& machine : deployment_.machines) {
            for (LinkConfig& link : machine.links) {
                if (link.has_address) {
                    move(link.address, link.peer);
                }
            }
            map_admin(machine);
        }
        if (mapping != nullptr) {
            list(*mapping);
        }
        return std::move(deployment_);
    }

private:
    struct Assigned {
        std::string host;
        std::string machine;
        std::string loopback;
    };

    void move(Address& address, const std::string& machine) {
        const auto key = std::make_pair(machine, address.host);
        auto found = by_owner_.find(key);
        if (found == by_owner_.end()) {
            found = by_owner_.emplace(key, next_loopback()).first;
            assigned_.push_back({address.host, machine, found->second});
        }
        address.host = found->second;
    }

    // 127.77.0.1 to 127.77.0.254, 127.77.1.1 and so on.
    std::string next_loopback() {
        constexpr std::size_t hosts = 254;  // .0 and .255 are left out
        constexpr std::size_t blocks = 256;
        const std::size_t n = assigned_.size();
        return "127." + std::to_string(77 + n / hosts / blocks % 178) + "." +
               std::to_string(n / hosts % blocks) + "." + std::to_string(n % hosts + 1);
    }

    void map_listen(MachineConfig& machine) {
        const std::vector<Address>& dialled = dialled_[machine.name];
        std::vector<Address> listen;
        const auto add = [&](Address address) {
            move(address, machine.name);
            if (std::find(listen.begin(), listen.end(), address) == listen.end()) {
                listen.push_back(std::move(address));
            }
        };
        for (const Address& address : machine.listen) {
            const bool covered = is_wildcard_host(address.host) &&
                                 std::any_of(dialled.begin(), dialled.end(), [&](const Address& d) {
                                     return d.port == address.port;
                                 });
            if (!covered) {
                add(address);
            }
        }
        for (const Address& address : dialled) {
            add(address);
        }
        machine.listen = std::move(listen);
    }

    // The default gets an address that the machine has already, if it has any.
    void map_admin(MachineConfig& machine) {
        for (Listener& admin : machine.admin.listen) {
            if (!machine.admin.configured && !machine.listen.empty()) {
                admin.address.host = machine.listen.front().host;
            } else if (!machine.admin.configured) {
                admin.address.host.clear();  // the file says nothing of it
                move(admin.address, machine.name);
            }
        }
    }

    void map_locals(MachineConfig& machine, const std::set<std::string>& shared) {
        const auto move_local = [&](Address& address) {
            if (!address.is_unix_socket()) {
                move(address, machine.name);
            } else if (shared.count(address.path) > 0) {
                address.path += "." + machine.name;
            }
        };
        if (machine.socket) {
            move_local(*machine.socket);
        }
        for (LocalTerminalConfig& local : machine.locals) {
            move_local(local.address);
        }
        for (LocalTerminalConfig& debug : machine.debugs) {
            move_local(debug.address);
        }
        for (Listener& ninep : machine.ninep) {
            move_local(ninep.address);
        }
        for (Listener& admin : machine.admin.listen) {
            if (machine.admin.configured) {
                move_local(admin.address);
            }
        }
    }

    // Paths of Unix sockets that more than one machine has.
    std::set<std::string> shared_sockets() const {
        std::set<std::string> seen;
        std::set<std::string> shared;
        const auto look_at = [&](const Address& address) {
            if (address.scheme == Address::Scheme::unix_socket &&
                !seen.insert(address.path).second) {
                shared.insert(address.path);
            }
        };
        for (const MachineConfig& machine : deployment_.machines) {
            if (machine.socket) {
                look_at(*machine.socket);
            }
            for (const LocalTerminalConfig& local : machine.locals) {
                look_at(local.address);
            }
            for (const LocalTerminalConfig& debug : machine.debugs) {
                look_at(debug.address);
            }
            for (const Listener& ninep : machine.ninep) {
                look_at(ninep.address);
            }
            for (const Listener& admin : machine.admin.listen) {
                look_at(admin.address);
            }
        }
        return shared;
    }

    void list(std::vector<std::pair<std::string, std::string>>& mapping) const {
        std::map<std::string, int> machines_on;
        for (const Assigned& assigned : assigned_) {
            ++machines_on[assigned.host];
        }
        for (const Assigned& assigned : assigned_) {
            if (assigned.host.empty()) {
                continue;
            }
            const std::string owner =
                machines_on[assigned.host] > 1 ? " (" + assigned.machine + ")" : "";
            mapping.emplace_back(assigned.host + owner, assigned.loopback);
        }
    }

    Deployment deployment_;
    std::map<std::string, std::vector<Address>> dialled_;  // by the machine they lead to
    std::map<std::pair<std::string, std::string>, std::string> by_owner_;  // (machine, host)
    std::vector<Assigned> assigned_;
};

}  // namespace

Deployment map_to_loopback(Deployment deployment,
                           std::vector<std::pair<std::string, std::string>>* mapping) {
    return LoopbackMap(std::move(deployment)).map(mapping);
}

}  // namespace jetway::config
