// ServiceEntry: a service as HELLO and ATTACH name it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace jetway::envelope {

inline constexpr std::uint32_t max_weight = 65'535;

struct ServiceEntry {
    std::string name;
    std::vector<std::string> capabilities;
    std::string version;       // empty: none
    std::uint32_t weight = 1;  // 1 to max_weight

    friend bool operator==(const ServiceEntry&, const ServiceEntry&) = default;
};

}  // namespace jetway::envelope
