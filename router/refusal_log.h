// RefusalLog: what was refused here of late, in bulk: a row for each code, service and terminal
// that it came by, with a count and the words of the last refusal. For `refusals`, and for events.
//
// At most 256 rows; the one that was quiet for longest gives way to a new one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/report.h"
#include "base/time.h"
#include "router/counters.h"

namespace jetway::router {

class RefusalLog {
public:
    static constexpr std::size_t most = 256;
    static constexpr base::Duration between_reports = std::chrono::seconds(1);
    static constexpr std::size_t most_reports = 8;  // at a time; the other rows are summed up

    struct Row {
        Refusal code{};
        std::string destination;  // as the last one had it
        std::string source;       // of the last one; empty: it could not be read
        std::string terminal;     // that it came by; empty: it was made here
        std::string why;
        std::uint64_t count = 0;
        base::Instant first{};
        base::Instant last{};
    };

    // `terminal` is the name of the one it came by. Of `destination` and `source` the first 256
    // bytes are kept.
    void note(Refusal code, std::string_view destination, std::string_view source,
              std::string_view terminal, std::string_view why, base::Instant now);

    // The latest first.
    std::vector<const Row*> rows() const;

    // When take_reports() has something to say; never: nothing was refused since.
    base::Instant next_report() const { return report_at_; }
    // An event `refused` for each row with something new, most first.
    std::vector<base::Report> take_reports(base::Instant now);

private:
    using Key = std::tuple<Refusal, std::string, std::string>;  // code, service, terminal
    struct Kept {
        Row row;
        std::uint64_t reported = 0;
    };
    std::map<Key, Kept> rows_;
    base::Instant reported_at_{};
    bool ever_reported_ = false;
    base::Instant report_at_ = base::never;
};

}  // namespace jetway::router
