#include "daemon/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace jetway::daemon {

namespace {

constexpr std::size_t lines_a_second = 100;

spdlog::level::level_enum level_of(base::Report::Level level) {
    switch (level) {
        case base::Report::Level::debug:
            return spdlog::level::debug;
        case base::Report::Level::info:
            return spdlog::level::info;
        case base::Report::Level::warning:
            return spdlog::level::warn;
        default:
            return spdlog::level::err;
    }
}

// A value as it stands after `key=`: quoted where it has a blank, a quote or a control character.
std::string quoted(const std::string& value) {
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        return c > ' ' && c != '"' && c != '=' && c != '\x7f';
    });
    return plain ? value
                 : nlohmann::json(value).dump(-1, ' ', false,
                                              nlohmann::json::error_handler_t::replace);
}

}  // namespace

Log::Log(Format format, const std::string& level, std::string machine)
    : format_(format), machine_(std::move(machine)) {
    logger_ = std::make_shared<spdlog::logger>(
        "jetway", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
    const spdlog::level::level_enum wanted = spdlog::level::from_str(level);
    logger_->set_level(wanted == spdlog::level::off ? spdlog::level::info : wanted);
    logger_->set_pattern(format == Format::json
                             ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v)"
                             : "%Y-%m-%dT%H:%M:%S.%e%z %^%-5l%$ %v");
    logger_->flush_on(spdlog::level::debug);
}

Log::~Log() = default;

void Log::write(const base::Report& report, base::Instant now) {
    const spdlog::level::level_enum level = level_of(report.level);
    if (!logger_->should_log(level)) {
        return;
    }
    if (now >= window_ + std::chrono::seconds(1)) {
        window_ = now;
        in_window_ = 0;
    }
    if (++in_window_ > lines_a_second && report.level != base::Report::Level::error) {
        ++held_back_;
        return;
    }
    std::vector<std::pair<std::string, std::string>> fields = report.fields;
    if (held_back_ > 0) {
        fields.emplace_back("lines_held_back", std::to_string(held_back_));
        held_back_ = 0;
    }
    if (format_ == Format::json) {
        nlohmann::ordered_json line = {{"machine", machine_}, {"event", report.event}};
        for (const auto& [key, value] : fields) {
            line[key] = value;
        }
        const std::string object =
            line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        logger_->log(level, std::string_view(object).substr(1));  // the pattern opens it
        return;
    }
    std::string line = report.event;
    for (const auto& [key, value] : fields) {
        line += ' ' + key + '=' + quoted(value);
    }
    logger_->log(level, line);
}

}  // namespace jetway::daemon
