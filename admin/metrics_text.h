// MetricsText: writes metrics in Prometheus' text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Debian 12 has no Prometheus
// library for C++; the format is lines of text.
//
// It promises that whatever names, labels and texts are given come out as one well-formed line, and
// that each metric has its HELP and TYPE before its first sample.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jetway::admin {

class MetricsText {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // Begins a metric: its samples follow. `type` is counter, gauge or histogram.
    void begin(std::string_view name, std::string_view type, std::string_view help);
    // A sample of the metric that was begun.
    void add(Labels labels, double value) { sample("", labels, {}, value); }
    void add(double value) { add({}, value); }
    // A histogram: `counts` has, for each bound and above all, those that aren't under the bound
    // before.
    void add_histogram(Labels labels, const std::vector<double>& bounds,
                       const std::vector<std::uint64_t>& counts, double sum);

    const std::string& text() const { return text_; }

private:
    void sample(std::string_view suffix, Labels labels, std::string_view bound, double value);

    std::string name_;
    std::string text_;
};

}  // namespace jetway::admin
