#include "envelope/hold.h"

#include "envelope/address.h"
#include "envelope/cursor.h"
#include "envelope/packer.h"

namespace jetway::envelope {

std::optional<std::string_view> read_hold(base::ByteView body) {
    Cursor cursor(body);
    std::uint32_t keys = 0;
    std::string_view destination;
    if (!cursor.read_map(keys)) {
        return std::nullopt;
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!cursor.read_text(key) ||
            !(key == "destination" ? cursor.read_text(destination) : cursor.skip())) {
            return std::nullopt;
        }
    }
    const bool fits = !destination.empty() && destination.size() <= max_address;
    return fits && cursor.at_end() ? std::optional(destination) : std::nullopt;
}

void append_hold(base::Bytes& to, std::string_view destination) {
    Packer(to).map(1).text("destination").text(destination);
}

}  // namespace jetway::envelope
