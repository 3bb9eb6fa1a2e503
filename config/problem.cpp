#include "config/problem.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace jetway::config {

std::string format(const Problem& problem, std::string_view file) {
    return std::string(file) + ":" + std::to_string(problem.line) + ":" +
           std::to_string(problem.column) + ": " + problem.text;
}

void Problems::add(Place at, std::string text) {
    if (full()) {
        ++dropped_;
        return;
    }
    kept_.push_back({at.line, at.column, std::move(text)});
}

std::vector<Problem> Problems::take() {
    std::vector<Problem> all = std::move(kept_);
    kept_.clear();
    std::stable_sort(all.begin(), all.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    all.erase(std::unique(all.begin(), all.end()), all.end());
    if (dropped_ > 0) {
        const Problem last = all.back();
        all.push_back(
            {last.line, last.column, "and " + std::to_string(dropped_) + " more problems"});
        dropped_ = 0;
    }
    return all;
}

}  // namespace jetway::config
