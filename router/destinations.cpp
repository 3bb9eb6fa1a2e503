#include "router/destinations.h"

namespace jetway::router {

Destination Destinations::look_up_in(const RouteTable& table, std::string_view text) {
    const envelope::Address address = envelope::split_address(text);
    return {.address = address,
            .service = table.service(address.service),
            .machine = address.machine.empty() ? nullptr : table.machine(address.machine)};
}

Destination Destinations::look_up(std::string_view text, const RouteTable& table) {
    const Destination found = look_up_in(table, text);
    if (text.size() <= envelope::max_address) {  // anything longer is nobody's address
        slots_[slot_of(text)] = {.text = std::string(text),
                                 .service_size = found.address.service.size(),
                                 .service = found.service,
                                 .machine = found.machine};
    }
    return found;
}

void Destinations::forget() {
    for (Slot& slot : slots_) {
        slot.text.clear();
    }
}

}  // namespace jetway::router
