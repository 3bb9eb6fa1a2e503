#include "ninep/event_log.h"

#include <algorithm>

namespace jetway::ninep {

namespace {

// A field's value; with a blank in it, or nothing, between quotes.
std::string field_value(const std::string& value) {
    std::string text;
    for (const char c : value) {
        text += static_cast<unsigned char>(c) < ' ' || c == '"' ? '_' : c;
    }
    return text.empty() || text.find(' ') != std::string::npos ? '"' + text + '"' : text;
}

}  // namespace

void EventLog::add(const base::Report& report) {
    std::string text = std::to_string(next_) + ' ' + report.event;
    for (const auto& [key, value] : report.fields) {
        text += ' ' + key + '=' + field_value(value);
    }
    text.resize(std::min(text.size(), longest_line - 1));
    lines_.push_back({next_++, text + '\n'});
    if (lines_.size() > most_lines) {
        lines_.pop_front();
    }
    readers_.wake();
}

std::string EventLog::text() const {
    std::string all;
    for (const Line& line : lines_) {
        all += line.text;
    }
    return all;
}

EventLog::Reader::Reader(EventLog& log, std::function<void()> woken)
    : log_(log), next_(log.next_), id_(log.readers_.add(std::move(woken))) {}

EventLog::Reader::~Reader() {
    log_.readers_.remove(id_);
}

std::string EventLog::Reader::take(std::size_t bytes) {
    std::string taken;
    if (!log_.lines_.empty() && next_ < log_.lines_.front().number) {
        taken = "lost " + std::to_string(log_.lines_.front().number - next_) + '\n';
        next_ = log_.lines_.front().number;
    }
    while (next_ < log_.next_) {
        const std::size_t at = next_ - log_.lines_.front().number;
        const std::string& line = log_.lines_[at].text;
        if (!taken.empty() && taken.size() + line.size() > bytes) {
            break;
        }
        taken += line;
        ++next_;
    }
    return taken;
}

}  // namespace jetway::ninep
