#include "ninep/event_lines.h"

#include <algorithm>

namespace jetway::ninep {

namespace {

constexpr base::Report::Level least = base::Report::Level::info;
constexpr std::size_t most_lines = 1'000;  // at once
constexpr std::size_t longest_line = 1'024;

// With a blank in it, or nothing, between quotes.
std::string field_value(const std::string& value) {
    std::string text;
    for (const char c : value) {
        text += static_cast<unsigned char>(c) < ' ' || c == '"' ? '_' : c;
    }
    return text.empty() || text.find(' ') != std::string::npos ? '"' + text + '"' : text;
}

std::string line_of(const router::EventLog::Entry& entry) {
    std::string text = std::to_string(entry.number) + ' ' + entry.report.event;
    for (const auto& [key, value] : entry.report.fields) {
        text += ' ' + key + '=' + field_value(value);
    }
    text.resize(std::min(text.size(), longest_line - 1));
    return text + '\n';
}

}  // namespace

std::string last_event_lines(const router::EventLog& log) {
    std::string all;
    for (const router::EventLog::Entry* entry : log.last(least, most_lines).entries) {
        all += line_of(*entry);
    }
    return all;
}

std::string next_event_lines(const router::EventLog& log, std::uint64_t& after, std::size_t bytes) {
    const router::EventLog::Page page = log.read(after, least, most_lines);
    std::string taken = page.missed > 0 ? "lost " + std::to_string(page.missed) + '\n' : "";
    after += page.missed;
    for (const router::EventLog::Entry* entry : page.entries) {
        const std::string line = line_of(*entry);
        if (!taken.empty() && taken.size() + line.size() > bytes) {
            return taken;
        }
        taken += line;
        after = entry->number;
    }
    after = page.next;
    return taken;
}

}  // namespace jetway::ninep
