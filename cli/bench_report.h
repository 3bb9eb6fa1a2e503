// What `jetway bench` found, for a person and as JSON (`jetway.bench/1`).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/bench_cpu.h"
#include "cli/bench_requests.h"
#include "cli/bench_throughput.h"
#include "envelope/json.h"

namespace jetway::cli {

struct BenchReport {
    struct OneWay {
        Throughput load;
        std::vector<CpuUse> cpu;
    };
    struct Requests {
        RoundTrips load;
        std::vector<CpuUse> cpu;
        std::uint64_t outstanding = 1;
    };

    std::string from;         // the sender's address
    std::string to;           // the receiver's
    std::string destination;  // as the sender wrote it
    std::size_t size = 0;     // payload bytes
    std::optional<OneWay> throughput;
    std::optional<Requests> requests;

    envelope::Json json() const;
    std::string text() const;

    // Everything that was sent has arrived, once.
    bool complete() const;
    bool any_lost() const;
};

}  // namespace jetway::cli
