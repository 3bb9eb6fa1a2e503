#include "router/connection.h"

#include <algorithm>

namespace jetway::router {

Connection* ConnectionTable::open(const terminal::Options& options, std::string name,
                                  terminal::Type type, Arrival arrival, std::size_t limit,
                                  base::Instant now) {
    if (size() >= std::min(limit, most)) {
        return nullptr;
    }
    return &all_.add([&](TerminalId id) {
        terminal::Terminal::Spec spec{.id = id,
                                      .name = std::move(name),
                                      .type = type,
                                      .dialled = arrival.by == Entry::dialled,
                                      .peer_address = arrival.peer_address};
        return std::make_unique<Connection>(options, std::move(spec), std::move(arrival), now);
    });
}

}  // namespace jetway::router
