#include "transport/failure_log.h"

namespace jetway::transport {

std::optional<base::Report> FailureLog::note(std::string kind, base::Report report,
                                             base::Instant now) {
    if (said_.size() >= most) {
        std::erase_if(said_, [now](const auto& one) { return one.second.at + quiet <= now; });
    }
    if (said_.size() >= most && said_.find(kind) == said_.end()) {
        kind = "others";
    }
    const auto [found, fresh] = said_.try_emplace(std::move(kind), Said{now, 0});
    Said& said = found->second;
    if (!fresh && now < said.at + quiet) {
        ++said.held_back;
        return std::nullopt;
    }
    if (said.held_back > 0) {
        report.fields.emplace_back("repeated", std::to_string(said.held_back));
    }
    said = {now, 0};
    return report;
}

}  // namespace jetway::transport
