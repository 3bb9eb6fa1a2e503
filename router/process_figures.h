// ProcessFigures: what only the shell knows: of the process, of its listeners, and of the
// deployment that it read. The router passes it on to whoever asks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace jetway::router {

struct ProcessFigures {
    std::uint64_t cpu_microseconds = 0;  // used so far, user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_files = 0;
    std::uint64_t most_open_files = 0;  // that it may have
    std::uint64_t started_unix_ms = 0;

    // Of the deployment: times that it was read and applied, the start among them, or refused.
    struct Configuration {
        std::uint64_t loaded = 0;
        std::uint64_t failed = 0;
        std::uint64_t last_loaded_unix_ms = 0;
        std::uint64_t last_failed_unix_ms = 0;  // 0: never
    } configuration;
    // Of connections at the listeners, until they are streams of frames.
    struct Handshakes {
        std::uint64_t accepted = 0;
        std::uint64_t unfinished = 0;
        std::map<std::string, std::uint64_t, std::less<>> refused;  // by code
    } handshakes;
    // Connections at listeners that speak something else than frames.
    struct Clients {
        std::uint64_t open = 0;     // now
        std::uint64_t refused = 0;  // turned away: there were too many, or they may not come
        std::uint64_t stalled = 0;  // closed, since they didn't read
    };
    std::map<std::string, Clients, std::less<>> clients;  // by what they speak: `9p`…
    // What is listened at, as "neighbours 10.0.0.1:9001": for whom, and where.
    std::vector<std::pair<std::string, std::string>> listening{};
};

}  // namespace jetway::router
