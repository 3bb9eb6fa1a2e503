#include "router/connection.h"

#include <algorithm>

namespace jetway::router {

Connection* ConnectionTable::open(const terminal::Options& options, std::string name,
                                  terminal::Type type, Arrival arrival, std::size_t limit,
                                  base::Instant now) {
    if (size_ >= std::min(limit, most)) {
        return nullptr;
    }
    if (free_.empty()) {
        free_.push_back(slots_.size());
        slots_.emplace_back();
    }
    const std::size_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    ++slot.generation;
    if ((slot.generation & most) == 0) {
        slot.generation = 1;  // an id is never 0
    }
    const auto id = static_cast<TerminalId>((slot.generation << slot_bits) | index);
    slot.connection = std::make_unique<Connection>(
        options,
        terminal::Terminal::Spec{.id = id,
                                 .name = std::move(name),
                                 .type = type,
                                 .dialled = arrival.by == Entry::dialled,
                                 .peer_address = arrival.peer_address},
        std::move(arrival), now);
    ++size_;
    return slot.connection.get();
}

void ConnectionTable::erase(TerminalId id) {
    if (find(id) != nullptr) {
        slots_[id & most].connection.reset();
        free_.push_back(id & most);
        --size_;
    }
}

}  // namespace jetway::router
