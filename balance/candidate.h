// Candidate: one instance that may be chosen, with all that a policy asks of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace jetway::balance {

struct Candidate {
    std::uint64_t id = 0;      // the same for the same instance at every router: instance_id
    std::uint32_t weight = 1;  // 1 to 65535
    std::uint32_t cost = 0;    // of the way to it
    std::uint64_t load = 0;    // requests in flight and files open
    bool usable = true;        // healthy, and not the one that failed just now

    friend bool operator==(const Candidate&, const Candidate&) = default;
};

// A number that stands for (where, what), the same on every machine: of the machine and an
// instance's number there, or of nothing and its 9P address.
std::uint64_t instance_id(std::string_view where, std::string_view what);

}  // namespace jetway::balance
