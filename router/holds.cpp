#include "router/holds.h"

namespace jetway::router {

Gate Holds::crowd(Crowds& among, std::uint32_t id, base::Instant now) {
    const auto [crowd, fresh] = among.try_emplace(id);
    if (fresh) {
        crowd->second = {.gate = ++last_gate_, .since = now};
    }
    return crowd->second.gate;
}

std::vector<std::pair<std::uint32_t, base::Instant>> Holds::list(const Crowds& crowds) {
    std::vector<std::pair<std::uint32_t, base::Instant>> all;
    all.reserve(crowds.size());
    for (const auto& [id, crowd] : crowds) {
        all.emplace_back(id, crowd.since);
    }
    return all;
}

HeldDestination* Holds::hold(std::string_view machine, std::string_view service, LinkId link,
                             base::Instant until) {
    HeldDestination* held = this->held(machine, service);
    if (held == nullptr) {
        if (destinations() >= most_destinations) {
            return nullptr;
        }
        held = &held_[std::string(machine)][std::string(service)];
        held->gate = ++last_gate_;
    }
    held->by = link;
    held->until = until;
    held->draining = false;
    return held;
}

HeldDestination* Holds::held(std::string_view machine, std::string_view service) {
    const auto at = held_.find(machine);
    if (at == held_.end()) {
        return nullptr;
    }
    const auto found = at->second.find(service);
    return found == at->second.end() ? nullptr : &found->second;
}

bool Holds::tell(Gate gate, Sender sender, const std::string& address) {
    auto& addresses = told_[sender];
    const auto found = addresses.find(address);
    if (found != addresses.end()) {
        found->second.insert(gate);
        return false;
    }
    if (addresses.size() >= most_addresses) {
        return false;
    }
    addresses[address].insert(gate);
    return true;
}

void Holds::open(Crowds& among, std::uint32_t id, const Resume& resume) {
    const auto found = among.find(id);
    if (found != among.end()) {
        const Gate gate = found->second.gate;
        among.erase(found);
        open_gate(gate, resume);
    }
}

void Holds::open_held(const std::string& machine, const std::string& service,
                      const Resume& resume) {
    if (const HeldDestination* held = this->held(machine, service)) {
        const Gate gate = held->gate;
        const auto at = held_.find(machine);
        at->second.erase(service);
        if (at->second.empty()) {
            held_.erase(at);
        }
        open_gate(gate, resume);
    }
}

void Holds::resume_all(const Told& free, const Resume& resume) {
    for (const auto& [sender, address] : free) {
        const auto at = told_.find(sender);
        at->second.erase(address);
        if (at->second.empty()) {
            told_.erase(at);
        }
        resume(sender, address);
    }
}

void Holds::open_gate(Gate gate, const Resume& resume) {
    Told free;
    for (auto& [sender, addresses] : told_) {
        for (auto& [address, gates] : addresses) {
            if (gates.erase(gate) > 0 && gates.empty()) {
                free.emplace_back(sender, address);
            }
        }
    }
    resume_all(free, resume);
}

void Holds::open_names(const std::function<bool(const std::string& name)>& open,
                       const Resume& resume) {
    Told free;
    for (const auto& [sender, addresses] : told_) {
        for (const auto& [address, gates] : addresses) {
            if (address.find('@') == std::string::npos && open(address)) {
                free.emplace_back(sender, address);
            }
        }
    }
    resume_all(free, resume);
}

void Holds::forget(Sender sender) {
    told_.erase(sender);
}

std::vector<std::string> Holds::told(Sender sender) const {
    std::vector<std::string> addresses;
    if (const auto found = told_.find(sender); found != told_.end()) {
        for (const auto& [address, gates] : found->second) {
            addresses.push_back(address);
        }
    }
    return addresses;
}

std::size_t Holds::told_in_all() const {
    std::size_t sum = 0;
    for (const auto& [sender, addresses] : told_) {
        sum += addresses.size();
    }
    return sum;
}

std::size_t Holds::waiting() const {
    std::size_t sum = 0;
    for (const auto& [machine, services] : held_) {
        for (const auto& [service, held] : services) {
            sum += held.waiting.size();
        }
    }
    return sum;
}

std::size_t Holds::waiting_bytes() const {
    std::size_t sum = 0;
    for (const auto& [machine, services] : held_) {
        for (const auto& [service, held] : services) {
            sum += held.waiting.bytes();
        }
    }
    return sum;
}

std::size_t Holds::destinations() const {
    std::size_t sum = 0;
    for (const auto& [machine, services] : held_) {
        sum += services.size();
    }
    return sum;
}

}  // namespace jetway::router
