// The events of a router's log as lines, for those who read `log`, `event` and `events`.
//
//     12 link up peer=machine-b terminal=to-machine-b        the log's number, what, fields
//
// They are those that `jetway events` shows, under the same numbers: debug events are left out, and
// their numbers with them. A line is cut at 1,024 bytes, its newline among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "router/event_log.h"

namespace jetway::ninep {

// The last 1,000.
std::string last_event_lines(const router::EventLog& log);

// What came behind event number `after`, which becomes the last one's that was taken: whole lines
// of at most so many bytes in all, or of the first line's; empty: nothing is new. Where the log has
// moved on without the reader, `lost N` comes first, N of any level.
std::string next_event_lines(const router::EventLog& log, std::uint64_t& after, std::size_t bytes);

}  // namespace jetway::ninep
