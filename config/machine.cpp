#include "config/machine.h"

#include <algorithm>
#include <utility>

#include "base/near_miss.h"
#include "config/claims.h"
#include "config/services.h"
#include "envelope/address.h"

namespace jetway::config {
namespace {

class MachineReader {
public:
    MachineReader(const YamlNode& name, const YamlNode& body, Problems& problems)
        : problems_(problems),
          section_(body, "a machine: a map with `services` and `terminals`", problems),
          terminals_(problems),
          listeners_(problems) {
        draft_.config.name = name.text;
        draft_.config.router.machine = name.text;
    }

    MachineDraft read(const Settings& defaults) {
        Keys keys = settings_keys();
        keys.known.insert(keys.known.begin(), {"services", "terminals", "listen"});
        section_.check_keys(keys);
        read_settings_over(defaults);
        if (const YamlNode* services = section_.find("services")) {
            draft_.config.router.services = read_services(*services, problems_);
        }
        if (const YamlNode* listen = section_.find("listen")) {
            read_listen(*listen);
        }
        if (const YamlNode* terminals = section_.find("terminals")) {
            read_terminals(*terminals);
        }
        return std::move(draft_);
    }

private:
    void read_settings_over(const Settings& defaults) {
        Settings settings = read_settings(section_, defaults, problems_);
        apply(settings, draft_.config.router);
        draft_.config.insecure = settings.insecure;
        draft_.config.shutdown_grace = settings.shutdown_grace;
        draft_.config.control_group = std::move(settings.control_group);
        draft_.config.strict_services = settings.strict_services;
        draft_.config.refuse_unknown_neighbours = settings.refuse_unknown_neighbours;
        draft_.config.admin = std::move(settings.admin);
        draft_.admin_remote = std::move(settings.admin_remote);
        draft_.config.security = std::move(settings.security);
        draft_.config.handshakes = settings.handshakes;
        draft_.config.ninep = std::move(settings.ninep);
        draft_.config.debug_sessions = settings.debug_sessions;
    }

    void read_listen(const YamlNode& node) {
        draft_.has_listen = true;
        if (node.kind == YamlNode::Kind::null) {
            problems_.add(node.place,
                          "listen: expected an address or a list of them (`[]`: listen nowhere)");
            return;
        }
        if (node.kind != YamlNode::Kind::sequence) {
            read_listen_address(node);
            return;
        }
        for (const YamlNode& item : node.items) {
            read_listen_address(item);
        }
    }

    // An address between machines; nothing, with a problem, for one that can't be.
    std::optional<Address> read_network_address(const YamlNode& node) {
        const Security& security = draft_.config.security;
        auto address = address_of(
            node, problems_, security.network_tls ? Address::Scheme::tls : Address::Scheme::tcp);
        if (address && !check_certificates(*address, node.place)) {
            return std::nullopt;
        }
        return address;
    }

    bool check_certificates(const Address& address, Place at) {
        if (!address.is_encrypted() || draft_.config.security.complete()) {
            return true;
        }
        problems_.add(at, quoted(address.text()) +
                              " needs certificates: expected `security: {certificates: DIR}`, "
                              "the folder where `jetway certs` puts them");
        return false;
    }

    void read_listen_address(const YamlNode& node) {
        auto address = read_network_address(node);
        if (!address) {
            return;
        }
        if (address->is_unix_socket()) {
            problems_.add(node.place,
                          "listen: neighbours come by the network: expected `host:port`, or "
                          "`tls://host:port`");
        } else if (listeners_.claim(address->place(), node.place, "the address")) {
            draft_.config.listen.push_back(std::move(*address));
        }
    }

    void read_terminals(const YamlNode& list) {
        for (const YamlNode& item : list_of(list, "a list of terminals", problems_)) {
            read_terminal(item);
        }
        MachineConfig& config = draft_.config;
        if (!named_socket_) {
            const auto first = std::find_if(
                config.locals.begin(), config.locals.end(), [](const LocalTerminalConfig& local) {
                    return local.address.scheme == Address::Scheme::unix_socket;
                });
            if (first != config.locals.end()) {
                config.socket = std::move(first->address);
                config.socket_name = std::move(first->name);
                config.socket_rules = std::move(first->rules);
                config.locals.erase(first);
            }
        }
    }

    void read_terminal(const YamlNode& item) {
        const Section section(item, "a terminal: a map with `name` and `type`", problems_);
        if (!section.is_map()) {
            if (item.kind == YamlNode::Kind::null) {
                problems_.add(item.place, "expected a terminal: a map with `name` and `type`");
            }
            return;
        }
        section.check_keys({{"name", "type", "address", "cost", "peer", "origins", "token",
                             "token_file", "allow", "announce"},
                            {},
                            {}});
        const std::string name = read_terminal_name(section, item.place);
        if (section.find("type") == nullptr) {
            problems_.add(item.place,
                          "a terminal without a type: expected `type: local`, `network`, "
                          "`loopback` or `debug`");
            return;
        }
        const auto type = section.read_text("type", "`local`, `network`, `loopback` or `debug`");
        if (!type) {
            return;
        }
        if (*type == "network") {
            read_link(section, name, item.place);
        } else if (*type == "local") {
            read_local(section, name, item.place);
        } else if (*type == "loopback") {
            read_loopback(section, name);
        } else if (*type == "debug") {
            read_debug(section, name, item.place);
        } else {
            problems_.add(section.find("type")->place,
                          "unknown type " + quoted(*type) +
                              base::suggestion(*type, {"local", "network", "loopback", "debug"}));
        }
    }

    // Empty when there is no usable name; the problem has been added then.
    std::string read_terminal_name(const Section& section, Place at) {
        if (section.find("name") == nullptr) {
            problems_.add(at, "a terminal without a name: expected `name`");
            return "";
        }
        const Place place = section.find("name")->place;
        auto name = section.read_text("name", "the name of a terminal");
        if (!name || !check_name(*name, place, "a terminal", problems_) ||
            !terminals_.claim(*name, place, "the terminal")) {
            return "";
        }
        return std::move(*name);
    }

    void read_link(const Section& section, const std::string& name, Place at) {
        LinkConfig link;
        MachineDraft::LinkPlaces places{at, at};
        link.name = name;
        refuse(section, "network", {"origins"});
        link.cost = static_cast<std::uint16_t>(section.read_count("cost", {1, 65534}).value_or(1));
        check_not_default(section, name);
        refuse(section, "network", local_rule_keys());
        if (const YamlNode* announce = section.find("announce")) {
            link.announce = read_announce_rules(*announce, problems_);
        }
        if (const YamlNode* address = section.find("address")) {
            places.address = address->place;
            read_link_address(*address, link);
        }
        if (const YamlNode* peer = section.find("peer")) {
            places.peer = peer->place;
            link.peer = section.read_text("peer", "the name of a machine").value_or("");
        } else if (name.starts_with("to-") && name.size() > 3) {
            places.peer = section.find("name")->place;
            link.peer = name.substr(3);
        } else if (!name.empty()) {
            problems_.add(at, quoted(name) +
                                  " leads nowhere: expected `peer: MACHINE`, or a name such as "
                                  "`to-MACHINE`");
        }
        if (!name.empty() && !link.peer.empty()) {
            draft_.config.links.push_back(std::move(link));
            draft_.links.push_back(places);
        }
    }

    void read_link_address(const YamlNode& node, LinkConfig& link) {
        link.has_address = true;  // also when it is wrong, which is told once
        auto address = read_network_address(node);
        if (!address) {
            return;
        }
        if (address->is_unix_socket()) {
            problems_.add(node.place,
                          "a network terminal leads to another machine by the network: expected "
                          "`host:port`, or `tls://host:port`");
        } else if (is_wildcard_host(address->host)) {
            problems_.add(node.place, quoted(address->host) +
                                          " can be listened on, not dialled: expected the "
                                          "machine's address");
        } else {
            link.address = std::move(*address);
        }
    }

    void read_local(const Section& section, const std::string& name, Place at) {
        refuse(section, "local", {"cost", "peer", "announce"});
        check_not_default(section, name);
        const YamlNode* node = section.find("address");
        if (node == nullptr) {
            refuse(section, "local", {"origins"});
            if (named_socket_) {
                problems_.add(at, "the terminal on the default Unix socket is named " +
                                      quoted(draft_.config.socket_name) +
                                      " already: expected `address`");
            } else if (!name.empty()) {
                draft_.config.socket_name = name;
                draft_.config.socket_rules = read_local_rules(section, true, problems_);
                named_socket_ = true;
            }
            return;
        }
        auto address = address_of(*node, problems_);
        if (address && check_certificates(*address, node->place) && !name.empty() &&
            listeners_.claim(address->place(), node->place, "the address")) {
            std::vector<std::string> origins = read_origins(section, *address);
            const bool unix_socket = address->scheme == Address::Scheme::unix_socket;
            draft_.config.locals.push_back({name, std::move(*address), std::move(origins),
                                            read_local_rules(section, unix_socket, problems_)});
        }
    }

    // Text goes in and out: nothing attaches, and there are no messages to be of a WebSocket.
    void read_debug(const Section& section, const std::string& name, Place at) {
        refuse(section, "debug", {"cost", "peer", "announce", "origins"});
        check_not_default(section, name);
        const YamlNode* node = section.find("address");
        if (node == nullptr) {
            problems_.add(at,
                          "a debug terminal without an address: expected `unix:///PATH` or "
                          "`host:port`");
            return;
        }
        auto address = address_of(*node, problems_);
        if (!address || !check_certificates(*address, node->place)) {
            return;
        }
        if (address->scheme == Address::Scheme::ws || address->scheme == Address::Scheme::wss) {
            problems_.add(node->place,
                          "expected unix://, tcp:// or tls:// for a debug terminal, not " +
                              quoted(address->text()));
            return;
        }
        LocalRules rules = read_local_rules(section, address->is_unix_socket(), problems_);
        if (rules.attach) {
            problems_.add(section.place_of("allow"),
                          "nothing attaches at a debug terminal: leave `attach` out");
        }
        if (!name.empty() && listeners_.claim(address->place(), node->place, "the address")) {
            draft_.config.debugs.push_back({name, std::move(*address), {}, std::move(rules)});
        }
    }

    // Whose web pages may connect: an origin as a browser says it (RFC 6454, section 6.2).
    std::vector<std::string> read_origins(const Section& section, const Address& address) {
        std::vector<std::string> origins;
        const YamlNode* list = section.find("origins");
        if (list == nullptr) {
            return origins;
        }
        if (address.scheme != Address::Scheme::ws && address.scheme != Address::Scheme::wss) {
            problems_.add(section.place_of("origins"),
                          "`origins` is for terminals on ws:// and wss://, which web pages reach");
            return origins;
        }
        for (const YamlNode& item : list_of(*list, "a list of origins", problems_)) {
            auto origin = text_of(item, "an origin such as `https://app.example`", problems_);
            if (!origin) {
                continue;
            }
            const std::size_t host = origin->find("://");
            if (*origin != "*" && *origin != "null" &&
                (host == std::string::npos || host == 0 || host + 3 == origin->size() ||
                 origin->find('/', host + 3) != std::string::npos)) {
                problems_.add(item.place, quoted(*origin) +
                                              " is no origin: expected `https://host`, "
                                              "`https://host:port`, or `*` for all");
                continue;
            }
            origins.push_back(std::move(*origin));
        }
        return origins;
    }

    void read_loopback(const Section& section, const std::string& name) {
        refuse(section, "loopback", {"address", "cost", "peer", "origins", "announce"});
        refuse(section, "loopback", local_rule_keys());
        if (!name.empty() && name != "lo") {
            draft_.config.loopbacks.push_back(name);
        }
    }

    void refuse(const Section& section, std::string_view type,
                const std::vector<std::string_view>& keys) {
        for (const std::string_view key : keys) {
            if (section.find(key) != nullptr) {
                problems_.add(section.place_of(key),
                              "a " + std::string(type) + " terminal has no " + quoted(key));
            }
        }
    }

    void check_not_default(const Section& section, const std::string& name) {
        if (name == "lo") {
            problems_.add(section.find("name")->place,
                          "`lo` is the loopback terminal that every machine has: expected another "
                          "name");
        }
    }

    Problems& problems_;
    Section section_;
    Claims terminals_;
    Claims listeners_;
    MachineDraft draft_;
    bool named_socket_ = false;
};

}  // namespace

MachineDraft read_machine(const YamlNode& name, const YamlNode& body, const Settings& defaults,
                          Problems& problems) {
    return MachineReader(name, body, problems).read(defaults);
}

}  // namespace jetway::config
