#include "config/listener.h"

#include <algorithm>

#include "config/section.h"

namespace jetway::config {

namespace {

std::optional<Listener> read_listener(const YamlNode& item, std::string_view carried,
                                      Problems& problems) {
    Listener listener;
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
        problems.add(item.place, "expected unix://, tcp:// or tls:// for " + std::string(carried) +
                                     ", not " + quoted(address->text()));
        return std::nullopt;
    }
    listener.address = std::move(*address);
    return listener;
}

}  // namespace

std::vector<Listener> read_listeners(const YamlNode& list, std::string_view carried,
                                     Problems& problems) {
    std::vector<Listener> listeners;
    for (const YamlNode& item : list_of(list, "a list of addresses", problems)) {
        std::optional<Listener> listener = read_listener(item, carried, problems);
        if (!listener) {
            continue;
        }
        const bool again =
            std::any_of(listeners.begin(), listeners.end(), [&listener](const Listener& other) {
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

}  // namespace jetway::config
