// Log: spdlog, set up for a router. A line is an event, then key=value pairs; as JSON, one object a
// line.
#pragma once

#include <memory>
#include <string>

#include "base/report.h"
#include "base/time.h"

namespace spdlog {
class logger;
}

namespace jetway::daemon {

class Log {
public:
    enum class Format { text, json };

    // Writes to stderr. `level`: debug, info, warn or error; anything else is info.
    Log(Format format, const std::string& level, std::string machine);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    // At most 100 lines a second below the level of an error: what more there is, is counted, and
    // the count is written with the next line.
    void write(const base::Report& report, base::Instant now);

private:
    Format format_;
    std::string machine_;
    std::shared_ptr<spdlog::logger> logger_;
    base::Instant window_{};
    std::size_t in_window_ = 0;
    std::size_t held_back_ = 0;
};

}  // namespace jetway::daemon
