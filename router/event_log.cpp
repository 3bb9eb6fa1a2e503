#include "router/event_log.h"

#include <algorithm>

namespace jetway::router {

void EventLog::add(const base::Report& report, base::Instant now) {
    entries_.push_back({++newest_, now, report});
    for (auto& [key, value] : entries_.back().report.fields) {
        value.resize(std::min(value.size(), longest_value));
    }
    if (entries_.size() > most) {
        entries_.pop_front();
    }
}

// Of the first entry whose number is greater.
std::size_t EventLog::index_after(std::uint64_t after) const {
    const std::uint64_t gone = newest_ - entries_.size();
    return std::min<std::size_t>(entries_.size(), after > gone ? after - gone : 0);
}

EventLog::Page EventLog::read(std::uint64_t after, base::Report::Level level,
                              std::size_t limit) const {
    Page page;
    const std::uint64_t gone = newest_ - entries_.size();
    page.missed = gone > after ? gone - after : 0;
    page.next = std::min(after, newest_);
    for (std::size_t i = index_after(after); i < entries_.size() && page.entries.size() < limit;
         ++i) {
        page.next = entries_[i].number;
        if (entries_[i].report.level >= level) {
            page.entries.push_back(&entries_[i]);
        }
    }
    return page;
}

EventLog::Page EventLog::last(base::Report::Level level, std::size_t limit) const {
    Page page;
    page.next = newest_;
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && page.entries.size() < limit;
         ++entry) {
        if (entry->report.level >= level) {
            page.entries.push_back(&*entry);
        }
    }
    std::reverse(page.entries.begin(), page.entries.end());
    return page;
}

bool EventLog::has(std::uint64_t after, base::Report::Level level) const {
    const auto from = entries_.begin() + static_cast<std::ptrdiff_t>(index_after(after));
    return std::any_of(from, entries_.end(),
                       [level](const Entry& entry) { return entry.report.level >= level; });
}

}  // namespace jetway::router
