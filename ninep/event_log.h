// EventLog: what happened at this router, a line each, for those who read `log`, `event` and
// `events`.
//
//     12 link up peer=machine-b terminal=to-machine-b        a number that grows by 1, what, fields
//
// The last 1,000 lines are kept. Whoever reads them follows at their own pace; a reader that is
// passed is told how many lines it lost.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "base/report.h"
#include "ninep/watchers.h"

namespace jetway::ninep {

class EventLog {
public:
    static constexpr std::size_t most_lines = 1'000;
    static constexpr std::size_t longest_line = 1'024;  // bytes; the rest of one is cut

    void add(const base::Report& report);
    // All that is kept.
    std::string text() const;

    // One who follows; it begins with what comes next, and ends with the object. `log` is borrowed.
    class Reader {
    public:
        // `woken` is called when there is something to take.
        Reader(EventLog& log, std::function<void()> woken);
        ~Reader();
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;

        // Whole lines of at most so many bytes in all, or of the first line's: empty when there is
        // nothing new.
        std::string take(std::size_t bytes);

    private:
        EventLog& log_;
        std::uint64_t next_;
        std::uint64_t id_;
    };

private:
    struct Line {
        std::uint64_t number;
        std::string text;
    };
    std::deque<Line> lines_;
    std::uint64_t next_ = 1;
    Watchers readers_;
};

}  // namespace jetway::ninep
