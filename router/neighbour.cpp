#include "router/neighbour.h"

#include "base/ensure.h"

namespace jetway::router {

std::string session_text(const base::Bytes& id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : id) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

Neighbour& NeighbourTable::add(std::string machine, base::Bytes session) {
    ensure(to(machine) == nullptr, "one link to a machine");
    Neighbour& neighbour = all_.add([&](LinkId id) {
        auto fresh = std::make_unique<Neighbour>();
        fresh->id = id;
        fresh->session = terminal::Session(std::move(session));
        return fresh;
    });
    neighbour.machine = std::move(machine);
    by_machine_.emplace(neighbour.machine, neighbour.id);
    return neighbour;
}

Neighbour* NeighbourTable::to(std::string_view machine) {
    const auto found = by_machine_.find(machine);
    return found == by_machine_.end() ? nullptr : all_.find(found->second);
}

terminal::Session NeighbourTable::erase(LinkId id) {
    Neighbour* neighbour = find(id);
    ensure(neighbour != nullptr, "a link that ends is there");
    if (ended_.size() >= most_ended && !ended_.contains(neighbour->machine)) {
        ended_.erase(ended_.begin());
    }
    ended_.insert_or_assign(neighbour->machine, neighbour->session.id());
    by_machine_.erase(neighbour->machine);
    terminal::Session session = std::move(neighbour->session);
    all_.erase(id);
    return session;
}

bool NeighbourTable::ended(std::string_view machine, const base::Bytes& session) const {
    const auto found = ended_.find(machine);
    return found != ended_.end() && found->second == session;
}

}  // namespace jetway::router
