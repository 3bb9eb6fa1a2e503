#include "router/refusal_log.h"

#include <algorithm>

#include "envelope/address.h"

namespace jetway::router {

namespace {

constexpr std::size_t longest = envelope::max_address;

// Names of clients are as many as there ever were connections: they share a row.
std::string group_of(std::string_view name) {
    return std::string(name.starts_with(envelope::client_prefix) ? envelope::client_prefix : name);
}

}  // namespace

void RefusalLog::note(Refusal code, std::string_view destination, std::string_view source,
                      std::string_view terminal, std::string_view why, base::Instant now) {
    Key key{code, group_of(envelope::split_address(destination).service.substr(0, longest)),
            group_of(terminal)};
    auto found = rows_.find(key);
    if (found == rows_.end()) {
        if (rows_.size() >= most) {
            rows_.erase(std::min_element(rows_.begin(), rows_.end(),
                                         [](const auto& one, const auto& other) {
                                             return one.second.row.last < other.second.row.last;
                                         }));
        }
        found = rows_.emplace(std::move(key), Kept{}).first;
        found->second.row.code = code;
        found->second.row.first = now;
    }
    Row& row = found->second.row;
    row.destination = destination.substr(0, longest);
    row.source = source.substr(0, longest);
    row.terminal = terminal;
    row.why = why;
    row.last = now;
    ++row.count;
    if (report_at_ == base::never) {
        report_at_ = ever_reported_ ? std::max(now, reported_at_ + between_reports) : now;
    }
}

std::vector<const RefusalLog::Row*> RefusalLog::rows() const {
    std::vector<const Row*> rows;
    rows.reserve(rows_.size());
    for (const auto& [key, kept] : rows_) {
        rows.push_back(&kept.row);
    }
    std::sort(rows.begin(), rows.end(),
              [](const Row* one, const Row* other) { return one->last > other->last; });
    return rows;
}

std::vector<base::Report> RefusalLog::take_reports(base::Instant now) {
    if (report_at_ > now) {
        return {};
    }
    report_at_ = base::never;
    reported_at_ = now;
    ever_reported_ = true;
    std::vector<Kept*> fresh;
    for (auto& [key, kept] : rows_) {
        if (kept.row.count > kept.reported) {
            fresh.push_back(&kept);
        }
    }
    std::sort(fresh.begin(), fresh.end(), [](const Kept* one, const Kept* other) {
        return one->row.count - one->reported > other->row.count - other->reported;
    });
    std::vector<base::Report> reports;
    std::uint64_t others = 0;
    for (Kept* kept : fresh) {
        const std::uint64_t count = kept->row.count - kept->reported;
        kept->reported = kept->row.count;
        if (reports.size() >= most_reports) {
            others += count;
            continue;
        }
        reports.push_back({base::Report::Level::info,
                           "refused",
                           {{"code", std::string(refusal_code(kept->row.code))},
                            {"count", std::to_string(count)},
                            {"destination", kept->row.destination},
                            {"terminal", kept->row.terminal},
                            {"why", kept->row.why}}});
    }
    if (others > 0) {
        reports.push_back({base::Report::Level::info,
                           "refused",
                           {{"code", "various"},
                            {"count", std::to_string(others)},
                            {"why", "more than are listed one by one"}}});
    }
    return reports;
}

}  // namespace jetway::router
