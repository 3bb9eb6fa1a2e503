#include "config/ninep.h"

#include <algorithm>

#include "config/section.h"

namespace jetway::config {

namespace {

std::optional<NinepListener> read_listener(const YamlNode& item, Problems& problems) {
    NinepListener listener;
    std::optional<Address> address;
    if (item.kind == YamlNode::Kind::map) {
        const Section section(item, "an address, or a map with `address` and `write`", problems);
        section.check_keys({{"address", "write"}, {}, {}});
        address = section.read_address("address");
        listener.write = section.read_bool("write").value_or(false);
        if (section.find("address") == nullptr) {
            problems.add(item.place, "expected `address`: where to listen");
        }
    } else {
        address = address_of(item, problems);
    }
    if (!address) {
        return std::nullopt;
    }
    if (address->scheme == Address::Scheme::ws || address->scheme == Address::Scheme::wss) {
        problems.add(item.place,
                     "expected unix://, tcp:// or tls:// for 9P, not " + quoted(address->text()));
        return std::nullopt;
    }
    listener.address = std::move(*address);
    return listener;
}

}  // namespace

std::vector<NinepListener> read_ninep(const YamlNode& node, std::vector<NinepListener> before,
                                      Problems& problems) {
    const Section section(node, "a map with `listen`", problems);
    section.check_keys({{"listen"}, {}, {}});
    const YamlNode* listen = section.find("listen");
    if (listen == nullptr) {
        return before;
    }
    std::vector<NinepListener> listeners;
    for (const YamlNode& item : list_of(*listen, "a list of addresses", problems)) {
        std::optional<NinepListener> listener = read_listener(item, problems);
        if (!listener) {
            continue;
        }
        const bool again = std::any_of(
            listeners.begin(), listeners.end(), [&listener](const NinepListener& other) {
                return other.address.place() == listener->address.place();
            });
        if (again) {
            problems.add(item.place, quoted(listener->address.text()) + " stands here twice");
        } else {
            listeners.push_back(std::move(*listener));
        }
    }
    return listeners;
}

std::string ninep_socket(const std::string& socket) {
    constexpr std::string_view ending = ".sock";
    return socket.ends_with(ending) ? socket.substr(0, socket.size() - ending.size()) + "/svc"
                                    : socket + ".9p/svc";
}

}  // namespace jetway::config
