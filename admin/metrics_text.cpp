#include "admin/metrics_text.h"

#include <array>
#include <charconv>

namespace jetway::admin {

namespace {

// In labels quotes are escaped, in HELP they aren't.
void append_escaped(std::string& to, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\\') {
            to += "\\\\";
        } else if (c == '\n') {
            to += "\\n";
        } else if (c == '"' && quotes) {
            to += "\\\"";
        } else {
            to += c;
        }
    }
}

std::string number(double value) {
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() ? std::string(digits.data(), end) : std::string("NaN");
}

}  // namespace

void MetricsText::begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += "# HELP " + name_ + ' ';
    append_escaped(text_, help, false);
    text_ += "\n# TYPE " + name_ + ' ';
    text_ += type;
    text_ += '\n';
}

void MetricsText::sample(std::string_view suffix, Labels labels, std::string_view bound,
                         double value) {
    text_ += name_;
    text_ += suffix;
    char before = '{';
    const auto label = [&](std::string_view name, std::string_view content) {
        text_ += before;
        text_ += name;
        text_ += "=\"";
        append_escaped(text_, content, true);
        text_ += '"';
        before = ',';
    };
    for (const auto& [name, content] : labels) {
        label(name, content);
    }
    if (!bound.empty()) {
        label("le", bound);
    }
    text_ += before == '{' ? " " : "} ";
    text_ += number(value) + '\n';
}

void MetricsText::add_histogram(Labels labels, const std::vector<double>& bounds,
                                const std::vector<std::uint64_t>& counts, double sum) {
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        so_far += i < counts.size() ? counts[i] : 0;
        sample("_bucket", labels, number(bounds[i]), static_cast<double>(so_far));
    }
    for (std::size_t i = bounds.size(); i < counts.size(); ++i) {
        so_far += counts[i];
    }
    sample("_bucket", labels, "+Inf", static_cast<double>(so_far));
    sample("_sum", labels, {}, sum);
    sample("_count", labels, {}, static_cast<double>(so_far));
}

}  // namespace jetway::admin
