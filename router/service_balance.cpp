#include "router/service_balance.h"

namespace jetway::router {

namespace {

template <typename Map, typename Key>
void decrease(Map& map, const Key& key) {
    const auto found = map.find(key);
    if (found != map.end() && --found->second == 0) {
        map.erase(found);
    }
}

template <typename Map, typename Key>
std::uint64_t count_of(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found != map.end() ? found->second : 0;
}

}  // namespace

void Loads::add(const std::string& machine, terminal::TerminalId terminal) {
    if (!machine.empty()) {
        ++machines_[machine];
    }
    if (terminal != 0) {
        ++terminals_[terminal];
    }
}

void Loads::remove(const std::string& machine, terminal::TerminalId terminal) {
    decrease(machines_, machine);
    decrease(terminals_, terminal);
}

std::uint64_t Loads::of(std::string_view machine) const {
    return count_of(machines_, machine);
}

std::uint64_t Loads::of(terminal::TerminalId terminal) const {
    return count_of(terminals_, terminal);
}

}  // namespace jetway::router
