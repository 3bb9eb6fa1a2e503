// EventLog: what happened at this router, for those who follow it by the request `events`.
//
// Every event has a number that grows by one. The last 4,096 are kept, whatever their level; a
// reader says the number of the last one it has, at its own pace, and is told how many it missed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/report.h"
#include "base/time.h"

namespace jetway::router {

class EventLog {
public:
    static constexpr std::size_t most = 4'096;
    static constexpr std::size_t longest_value = 512;  // bytes of one field; the rest is cut

    struct Entry {
        std::uint64_t number = 0;  // 1 for the first since the router's start
        base::Instant at{};
        base::Report report;
    };

    void add(const base::Report& report, base::Instant now);

    struct Page {
        std::vector<const Entry*> entries;  // the oldest first; good until the next add()
        std::uint64_t next = 0;    // what `after` is to be for those that follow; grows even where
                                   // none was of that level
        std::uint64_t missed = 0;  // so many after `after` are gone, of any level
    };
    // The events of that level and above after number `after`, at most `limit`.
    Page read(std::uint64_t after, base::Report::Level level, std::size_t limit) const;
    // The last `limit` of that level and above.
    Page last(base::Report::Level level, std::size_t limit) const;
    // Whether read() would find any.
    bool has(std::uint64_t after, base::Report::Level level) const;

    std::uint64_t newest() const { return newest_; }

private:
    std::size_t index_after(std::uint64_t after) const;

    std::deque<Entry> entries_;
    std::uint64_t newest_ = 0;
};

}  // namespace jetway::router
