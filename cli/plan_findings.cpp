#include "cli/plan_findings.h"

#include <algorithm>
#include <set>

namespace jetway::cli {

namespace {

struct Listener {
    const config::MachineConfig* machine;
    const config::Address* address;
    std::string name;
};

std::vector<Listener> tcp_listeners(const config::Deployment& deployment) {
    std::vector<Listener> all;
    for (const config::MachineConfig& machine : deployment.machines) {
        for (const config::Address& address : machine.listen) {
            all.push_back({&machine, &address, "listen " + address.text()});
        }
        for (const config::LocalTerminalConfig& local : machine.locals) {
            if (local.address.scheme == config::Address::Scheme::tcp) {
                all.push_back({&machine, &local.address,
                               "local terminal " + local.name + " " + local.address.text()});
            }
        }
    }
    return all;
}

// `::` takes the port of IPv4 as well; `0.0.0.0` that of IPv6 not.
bool covers(const config::Address& wildcard, const config::Address& other) {
    return wildcard.host == "::" ||
           (wildcard.host == "0.0.0.0" && other.host.find(':') == std::string::npos);
}

bool clash(const Listener& one, const Listener& other) {
    const config::Address& a = *one.address;
    const config::Address& b = *other.address;
    if (a.port != b.port) {
        return false;
    }
    if (one.machine == other.machine) {
        return a == b || covers(a, b) || covers(b, a);
    }
    return a == b && !config::is_wildcard_host(a.host) && !config::is_loopback_host(a.host);
}

bool names_back(const config::Deployment& deployment, const config::LinkConfig& link,
                const std::string& machine) {
    const auto& links = deployment.find(link.peer)->links;
    return std::any_of(links.begin(), links.end(),
                       [&](const config::LinkConfig& other) { return other.peer == machine; });
}

}  // namespace

PlanFindings find_slips(const config::Deployment& deployment, const Reach& reach) {
    PlanFindings findings;
    std::set<std::pair<std::string, std::string>> used;  // (machine, neighbour)
    for (const auto& [pair, way] : reach.ways) {
        used.emplace(pair.first, way.neighbour);
    }
    for (const config::MachineConfig& machine : deployment.machines) {
        for (const config::LinkConfig& link : machine.links) {
            if (!names_back(deployment, link, machine.name)) {
                findings.one_sided.push_back({machine.name, link.name, link.peer});
            }
            if (!used.contains({machine.name, link.peer})) {
                findings.unused.push_back({machine.name, link.name, link.peer});
            }
        }
    }
    const std::vector<Listener> listeners = tcp_listeners(deployment);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        for (std::size_t j = i + 1; j < listeners.size(); ++j) {
            if (clash(listeners[i], listeners[j])) {
                findings.clashes.push_back({listeners[i].machine->name, listeners[i].name,
                                            listeners[j].machine->name, listeners[j].name});
            }
        }
    }
    return findings;
}

}  // namespace jetway::cli
