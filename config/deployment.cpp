#include "config/deployment.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/near_miss.h"
#include "config/machine.h"

namespace jetway::config {
namespace {

// What can only be said once all machines are read: whom links lead to, and where machines listen.
class Mesh {
public:
    Mesh(std::vector<MachineDraft> machines, Problems& problems)
        : machines_(std::move(machines)), problems_(problems) {
        for (std::size_t i = 0; i < machines_.size(); ++i) {
            by_name_.emplace(machines_[i].config.name, i);
        }
    }

    void check() {
        for (const MachineDraft& machine : machines_) {
            check_peers(machine);
        }
        for (const MachineDraft& machine : machines_) {
            check_addresses(machine);
            check_admin(machine);
        }
    }

    Deployment finish() {
        infer_listeners();
        Deployment deployment;
        const auto lists = service_lists();
        for (MachineDraft& machine : machines_) {
            MachineConfig& config = machine.config;
            for (const LinkConfig& link : config.links) {
                config.router.links.push_back({link.name, link.peer, link.cost, link.announce,
                                               link.has_address ? link.address.text() : ""});
            }
            config.router.strict_services = config.strict_services ? lists : nullptr;
            if (config.refuse_unknown_neighbours) {
                config.router.known_neighbours = neighbours_of(config.name);
            }
        }
        for (MachineDraft& machine : machines_) {
            MachineConfig& config = machine.config;
            deployment.machines.push_back(std::move(config));
        }
        return deployment;
    }

private:
    const MachineDraft* find(const std::string& name) const {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : &machines_[found->second];
    }

    void check_peers(const MachineDraft& machine) {
        std::map<std::string_view, const LinkConfig*> leads_to;
        for (std::size_t i = 0; i < machine.config.links.size(); ++i) {
            const LinkConfig& link = machine.config.links[i];
            const Place at = machine.links[i].peer;
            if (link.peer == machine.config.name) {
                problems_.add(at,
                              quoted(link.name) + " leads to its own machine: expected another");
            } else if (find(link.peer) == nullptr) {
                problems_.add(at, quoted(link.name) + " leads to " + quoted(link.peer) +
                                      ", which is no machine of this file" +
                                      near_machine(link.peer, machine.config.name));
            }
            const auto [first, fresh] = leads_to.emplace(link.peer, &link);
            if (!fresh) {
                problems_.add(at, quoted(first->second->name) + " leads to " + quoted(link.peer) +
                                      " already: two machines share one link");
            }
        }
    }

    std::string near_machine(const std::string& written, const std::string& self) const {
        if (problems_.full()) {
            return "";
        }
        std::vector<std::string_view> others;
        for (const MachineDraft& machine : machines_) {
            if (machine.config.name != self) {
                others.push_back(machine.config.name);
            }
        }
        return base::suggestion(written, others);
    }

    void check_addresses(const MachineDraft& machine) {
        for (std::size_t i = 0; i < machine.config.links.size(); ++i) {
            const LinkConfig& link = machine.config.links[i];
            const MachineDraft* peer = find(link.peer);
            if (peer == nullptr || peer == &machine) {
                continue;
            }
            const Place at = machine.links[i].address;
            if (link.has_address) {
                check_leads_to_one(link, *peer, at);
                check_certificates(link, *peer, at);
            } else if (!dials(*peer, machine.config.name)) {
                problems_.add(at, quoted(link.name) + " has no `address`, and no terminal of " +
                                      quoted(link.peer) +
                                      " has one that leads here: one of the two must dial");
            }
        }
    }

    static bool dials(const MachineDraft& machine, std::string_view peer) {
        return std::any_of(
            machine.config.links.begin(), machine.config.links.end(),
            [&](const LinkConfig& link) { return link.has_address && link.peer == peer; });
    }

    // An address leads to one machine. Only a loopback address can stand for different machines,
    // a tunnel to each, if all of them say for themselves where they listen.
    void check_leads_to_one(const LinkConfig& link, const MachineDraft& peer, Place at) {
        if (link.address.host.empty()) {
            return;  // it was wrong, and that has been told
        }
        const auto& locals = peer.config.locals;
        if (std::any_of(locals.begin(), locals.end(), [&](const LocalTerminalConfig& local) {
                return local.address.place() == link.address.place();
            })) {
            problems_.add(at, quoted(link.address.text()) + " is where services attach to " +
                                  quoted(link.peer) + ": expected a port for its neighbours");
        }
        const auto [first, fresh] =
            owners_.emplace(link.address.place(), Owner{link.peer, at.line, link.address.text()});
        if (fresh) {
            return;
        }
        if (first->second.machine == link.peer) {
            if (!peer.has_listen && first->second.text != link.address.text()) {
                problems_.add(at, quoted(link.peer) + " would listen at " +
                                      quoted(first->second.text) + " as line " +
                                      std::to_string(first->second.line) +
                                      " has it: expected the same scheme here, or `listen` there");
            }
            return;
        }
        const MachineDraft* other = find(first->second.machine);
        if (is_loopback_host(link.address.host) && peer.has_listen && other->has_listen) {
            return;
        }
        problems_.add(at, quoted(link.address.text()) + " leads to " +
                              quoted(first->second.machine) + " already, on line " +
                              std::to_string(first->second.line) + ": expected an address of " +
                              quoted(link.peer) + "'s own");
    }

    // What stands at the top of the file is every machine's: it is told once.
    void check_admin(const MachineDraft& machine) {
        for (const PlacedName& remote : machine.admin_remote) {
            if (find(remote.name) == nullptr &&
                told_.insert({remote.place.line, remote.place.column}).second) {
                problems_.add(remote.place, "remote: " + quoted(remote.name) +
                                                " is no machine of this file" +
                                                near_machine(remote.name, ""));
            }
        }
    }

    std::shared_ptr<const gossip::ServiceLists> service_lists() const {
        auto lists = std::make_shared<gossip::ServiceLists>();
        for (const MachineDraft& machine : machines_) {
            auto& list = (*lists)[machine.config.name];
            for (const router::ConfiguredService& service : machine.config.router.services) {
                list.insert(service.name);
            }
        }
        return lists;
    }

    // Those that a link joins to it, whichever of the two has it.
    std::vector<std::string> neighbours_of(const std::string& name) const {
        std::vector<std::string> neighbours;
        for (const MachineDraft& machine : machines_) {
            const auto leads_to = [](const MachineDraft& from, const std::string& to) {
                return std::any_of(from.config.links.begin(), from.config.links.end(),
                                   [&to](const LinkConfig& link) { return link.peer == to; });
            };
            if (leads_to(machine, name) || leads_to(*find(name), machine.config.name)) {
                neighbours.push_back(machine.config.name);
            }
        }
        return neighbours;
    }

    // It will listen as it is dialled.
    void check_certificates(const LinkConfig& link, const MachineDraft& peer, Place at) {
        if (link.address.is_encrypted() && !peer.has_listen && !peer.config.security.complete()) {
            problems_.add(at, quoted(link.peer) + " would listen at " +
                                  quoted(link.address.text()) +
                                  ", and has no certificates: expected `security: {certificates: "
                                  "DIR}`; `jetway certs` makes them");
        }
    }

    void infer_listeners() {
        for (const MachineDraft& dialling : machines_) {
            for (const LinkConfig& link : dialling.config.links) {
                MachineDraft& peer = machines_[by_name_.at(link.peer)];
                std::vector<Address>& listen = peer.config.listen;
                if (link.has_address && !peer.has_listen &&
                    std::find(listen.begin(), listen.end(), link.address) == listen.end()) {
                    listen.push_back(link.address);
                }
            }
        }
    }

    struct Owner {
        std::string machine;
        int line;
        std::string text;  // the address as it stood there
    };

    std::vector<MachineDraft> machines_;
    Problems& problems_;
    std::map<std::string, std::size_t> by_name_;
    std::set<std::pair<int, int>> told_;   // places of problems that several machines share
    std::map<std::string, Owner> owners_;  // the machine that each dialled address leads to
};

std::vector<MachineDraft> read_machines(const YamlNode& node, const Settings& settings,
                                        Problems& problems) {
    std::vector<MachineDraft> machines;
    const Section section(node, "a map of machines, each under its name", problems);
    if (node.keys.empty() && (section.is_map() || node.kind == YamlNode::Kind::null)) {
        problems.add(node.place, "machines: expected at least one machine");
    }
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const YamlNode& name = node.keys[i];
        check_name(name.text, name.place, "a machine", problems);
        machines.push_back(read_machine(name, node.items[i], settings, problems));
    }
    return machines;
}

}  // namespace

const MachineConfig* Deployment::find(std::string_view name) const {
    for (const MachineConfig& machine : machines) {
        if (machine.name == name) {
            return &machine;
        }
    }
    return nullptr;
}

Checked parse_deployment(std::string_view text) {
    Problems problems;
    Checked checked;
    const std::optional<YamlNode> root = parse_yaml(text, problems);
    if (!root) {
        checked.problems = problems.take();
        return checked;
    }
    const Section section(*root, "a map with `machines`", problems);
    Keys keys = settings_keys();
    keys.known.insert(keys.known.begin(), {"machines", "expect"});
    keys.elsewhere.insert(
        keys.elsewhere.begin(),
        {"machines.NAME.services", "machines.NAME.terminals", "machines.NAME.listen"});
    section.check_keys(keys);
    const Settings settings = read_settings(section, {}, problems);
    std::vector<MachineDraft> machines;
    if (const YamlNode* node = section.find("machines")) {
        machines = read_machines(*node, settings, problems);
    } else if (section.is_map() || root->kind == YamlNode::Kind::null) {
        problems.add(root->place, "expected `machines:`, a map of the machines of the mesh");
    }
    Mesh mesh(std::move(machines), problems);
    mesh.check();
    std::vector<Expectation> expectations;
    if (const YamlNode* node = section.find("expect")) {
        expectations = read_expectations(*node, problems);
    }
    if (problems.empty()) {
        Deployment deployment = mesh.finish();
        for (const Expectation& expectation : expectations) {
            if (const std::optional<std::string> why = broken(expectation, deployment)) {
                problems.add(expectation.place, "this expectation isn't kept: " + *why);
            }
        }
        deployment.expectations = std::move(expectations);
        checked.deployment = std::move(deployment);
    }
    if (!problems.empty()) {
        checked.deployment.reset();
    }
    checked.problems = problems.take();
    return checked;
}

bool uses_tls(const MachineConfig& machine) {
    const auto encrypted = [](const auto& one) { return one.address.is_encrypted(); };
    return std::any_of(machine.listen.begin(), machine.listen.end(),
                       [](const Address& address) { return address.is_encrypted(); }) ||
           std::any_of(machine.links.begin(), machine.links.end(), encrypted) ||
           std::any_of(machine.locals.begin(), machine.locals.end(), encrypted) ||
           std::any_of(machine.debugs.begin(), machine.debugs.end(), encrypted) ||
           std::any_of(machine.ninep.begin(), machine.ninep.end(), encrypted) ||
           std::any_of(machine.admin.listen.begin(), machine.admin.listen.end(), encrypted);
}

std::vector<Address> insecure_listeners(const MachineConfig& machine) {
    std::vector<Address> found;
    const auto look_at = [&](const Address& address) {
        if (!address.is_unix_socket() && !address.is_encrypted() &&
            !is_loopback_host(address.host)) {
            found.push_back(address);
        }
    };
    std::for_each(machine.listen.begin(), machine.listen.end(), look_at);
    for (const std::vector<LocalTerminalConfig>* terminals : {&machine.locals, &machine.debugs}) {
        for (const LocalTerminalConfig& local : *terminals) {
            look_at(local.address);
        }
    }
    for (const NinepListener& ninep : machine.ninep) {
        look_at(ninep.address);
    }
    for (const Listener& admin : machine.admin.listen) {
        look_at(admin.address);
    }
    return found;
}

}  // namespace jetway::config
