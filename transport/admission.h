// Admission: how many handshakes may be unfinished at once, over all listeners of a program and for
// each address that they come from. Beyond either bound the newcomer is turned away, and counted.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace jetway::transport {

struct HandshakeLimits {
    std::size_t at_once = 1'024;                       // limits.handshakes
    std::size_t per_address = 64;                      // limits.handshakes_per_address
    base::Duration timeout = std::chrono::seconds(5);  // limits.handshake_timeout

    friend bool operator==(const HandshakeLimits&, const HandshakeLimits&) = default;
};

class Admission {
public:
    struct Counters {
        std::uint64_t accepted = 0;  // connections that became a stream of frames
        // Why the others did not: `handshakes`, `handshakes-per-address`, `timeout`, or the code of
        // the layer that refused.
        std::map<std::string, std::uint64_t, std::less<>> refused;
    };

    explicit Admission(HandshakeLimits limits = {}) : limits_(limits) {}

    const HandshakeLimits& limits() const { return limits_; }
    void set_limits(HandshakeLimits limits) { limits_ = limits; }

    // A handshake begins; `address` is the host that it comes from, empty for a Unix socket, which
    // only the bound for all concerns. Nothing: it may, and release() must follow. Else which bound
    // forbids it.
    std::optional<std::string_view> admit(const std::string& address);
    void release(const std::string& address);

    void count_accepted() { ++counters_.accepted; }
    void count_refused(std::string_view why);

    std::size_t unfinished() const { return unfinished_; }
    const Counters& counters() const { return counters_; }

private:
    HandshakeLimits limits_;
    Counters counters_;
    std::size_t unfinished_ = 0;
    std::unordered_map<std::string, std::size_t> by_address_;
};

}  // namespace jetway::transport
