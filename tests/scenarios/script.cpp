#include "tests/scenarios/script.h"

#include <algorithm>

namespace jetway::scenarios {

namespace {
constexpr std::string_view indent = "    ";
}

std::vector<Step> read_script(std::string_view text) {
    std::vector<Step> steps;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with(indent) && !steps.empty()) {
            steps.back().printed.push_back(line.substr(indent.size()));
        } else {
            steps.push_back({.line = number, .text = std::move(line), .printed = {}});
        }
    }
    return steps;
}

std::string write_script(const std::vector<Step>& steps) {
    std::string text;
    for (const Step& step : steps) {
        text += step.text + '\n';
        for (const std::string& line : step.printed) {
            text += std::string(indent) + line + '\n';
        }
    }
    return text;
}

}  // namespace jetway::scenarios
