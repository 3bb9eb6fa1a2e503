// Destinations: what the addresses that envelopes are sent to mean in the route table, with the
// answers of late kept, for senders repeat themselves.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "envelope/address.h"
#include "router/route_table.h"

namespace jetway::router {

// A destination looked up. Valid as long as its text and the table are.
struct Destination {
    envelope::Address address;
    const ServiceEntry* service = nullptr;  // of that name; nullptr: the table has none
    const MachineEntry* machine = nullptr;  // that the address names; nullptr: none, or unknown
};

class Destinations {
public:
    // Looks `text` up in `table`, which is the same one until the next forget().
    Destination find(std::string_view text, const RouteTable& table) {
        const Slot& slot = slots_[slot_of(text)];
        if (slot.text != text || text.empty()) {
            return look_up(text, table);
        }
        const bool whole = slot.service_size == text.size();
        return {
            .address = {.service = text.substr(0, slot.service_size),
                        .machine = whole ? std::string_view() : text.substr(slot.service_size + 1)},
            .service = slot.service,
            .machine = slot.machine};
    }

    // The same without keeping anything.
    static Destination look_up_in(const RouteTable& table, std::string_view text);

    // Before the table goes.
    void forget();

private:
    struct Slot {
        std::string text;
        std::size_t service_size = 0;
        const ServiceEntry* service = nullptr;
        const MachineEntry* machine = nullptr;
    };
    static constexpr std::size_t slots = 64;

    // Cheap rather than even: two that collide only look each other up again.
    static std::size_t slot_of(std::string_view text) {
        const auto byte = [text](std::size_t at) {
            return static_cast<std::size_t>(static_cast<unsigned char>(text[at]));
        };
        const std::size_t size = text.size();
        return size == 0 ? 0 : (size + byte(0) * 5 + byte(size / 2) * 3 + byte(size - 1)) % slots;
    }
    Destination look_up(std::string_view text, const RouteTable& table);

    std::array<Slot, slots> slots_;
};

}  // namespace jetway::router
