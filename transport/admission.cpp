#include "transport/admission.h"

#include "base/ensure.h"

namespace jetway::transport {

std::optional<std::string_view> Admission::admit(const std::string& address) {
    const auto found = by_address_.find(address);
    std::optional<std::string_view> refused;
    if (unfinished_ >= limits_.at_once) {
        refused = "handshakes";
    } else if (found != by_address_.end() && found->second >= limits_.per_address) {
        refused = "handshakes-per-address";
    }
    if (refused) {
        return refused;
    }
    ++unfinished_;
    if (!address.empty()) {
        ++by_address_[address];
    }
    return std::nullopt;
}

void Admission::release(const std::string& address) {
    ensure(unfinished_ > 0, "what is released was admitted");
    --unfinished_;
    const auto found = by_address_.find(address);
    if (found != by_address_.end() && --found->second == 0) {
        by_address_.erase(found);
    }
}

void Admission::count_refused(std::string_view why) {
    constexpr std::size_t most_codes = 64;
    const auto found = counters_.refused.find(why);
    if (found != counters_.refused.end()) {
        ++found->second;
        return;
    }
    ++counters_.refused[counters_.refused.size() < most_codes ? std::string(why) : "other"];
}

}  // namespace jetway::transport
