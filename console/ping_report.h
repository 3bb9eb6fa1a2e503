// What the reports of a ping's routers say together: the way, and how long it took.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/time.h"
#include "envelope/json.h"

namespace jetway::console {

// One answered ping.
struct Pong {
    std::string machine;     // where it would be delivered
    std::string via;         // the terminal by which it left the first router
    std::uint64_t hops = 0;  // routers that passed it on to another
    std::uint64_t most_left = 0;
    envelope::Json way = envelope::Json::array();  // the reports, as they came
    base::Duration round_trip{};

    // Takes the next report; true: it was the last one.
    bool add(const envelope::Json& report);

    // "pong from gpu-server@machine-c via to-machine-c (1 hop) 0.2 ms"
    std::string text(const std::string& destination) const;
};

struct PingSummary {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    base::Duration min{};
    base::Duration mean{};
    base::Duration max{};
    Pong last;

    // "4 sent, 4 answered, min/avg/max 0.2/0.3/0.5 ms"
    std::string text() const;
    envelope::Json json(const std::string& destination) const;
};

PingSummary summarize(const std::vector<Pong>& pongs, std::uint64_t sent);

}  // namespace jetway::console
