// FailureLog: what is said of failures that come again and again: the first at once, and while they
// go on, once in a while how often. Bounded: beyond `most` kinds of failures the rest are counted
// as one kind. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/report.h"
#include "base/time.h"

namespace jetway::transport {

class FailureLog {
public:
    static constexpr std::size_t most = 256;
    static constexpr base::Duration quiet = std::chrono::seconds(60);

    // `kind` says which failures are the same: whose, its code and its words. Nothing: it was said
    // less than `quiet` ago, and is counted; the next report has the count as `repeated`.
    std::optional<base::Report> note(std::string kind, base::Report report, base::Instant now);

private:
    struct Said {
        base::Instant at;
        std::uint64_t held_back = 0;
    };

    std::map<std::string, Said> said_;
};

}  // namespace jetway::transport
