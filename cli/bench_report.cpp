#include "cli/bench_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "console/format.h"

namespace jetway::cli {

namespace {

using envelope::Json;

double seconds(base::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double microseconds(base::Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

double per(double value, double by) {
    return by > 0 ? value / by : 0;
}

double rate(const Tally& tally) {
    return per(static_cast<double>(tally.received), seconds(tally.elapsed));
}

double megabytes(const Tally& tally, std::size_t size) {
    return rate(tally) * static_cast<double>(size) / 1e6;
}

std::string fixed(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.*f", digits, value);
    return text;
}

// As JSON has them: no more digits than mean anything.
double rounded(double value) {
    return std::round(value * 1e4) / 1e4;
}

Json tally_json(const Tally& tally) {
    Json json = {
        {"sent", tally.sent},   {"received", tally.received},     {"refused", tally.refused},
        {"lost", tally.lost()}, {"unexpected", tally.unexpected}, {"holds", tally.holds}};
    if (!tally.refusal.empty()) {
        json["refusal"] = tally.refusal;
    }
    json["seconds"] = rounded(seconds(tally.elapsed));
    return json;
}

Json cpu_json(const std::vector<CpuUse>& uses, double envelopes) {
    Json list = Json::array();
    for (const CpuUse& use : uses) {
        list.push_back({{"who", use.who},
                        {"microseconds", use.microseconds},
                        {"microsecondsPerEnvelope",
                         rounded(per(static_cast<double>(use.microseconds), envelopes))}});
    }
    return list;
}

std::string tally_text(const Tally& tally) {
    std::string text = "  sent " + console::format_count(tally.sent) + ", received " +
                       console::format_count(tally.received) + ", refused " +
                       console::format_count(tally.refused);
    if (!tally.refusal.empty()) {
        text += " (" + tally.refusal + ")";
    }
    text += ", lost " + console::format_count(tally.lost());
    if (tally.unexpected > 0) {
        text += ", unexpected " + console::format_count(tally.unexpected);
    }
    if (tally.holds > 0) {
        text += ", held " + console::format_count(tally.holds) + " times";
    }
    return text + " in " + fixed(seconds(tally.elapsed), 2) + " s\n";
}

std::string cpu_text(const std::vector<CpuUse>& uses, double envelopes) {
    std::string text;
    for (const CpuUse& use : uses) {
        text += "  CPU of " + use.who + ": " +
                fixed(per(static_cast<double>(use.microseconds), envelopes), 3) +
                " µs an envelope\n";
    }
    return text;
}

double envelopes_of(const BenchReport::OneWay& one) {
    return static_cast<double>(one.load.tally.received);
}

// A round trip is two envelopes.
double envelopes_of(const BenchReport::Requests& requests) {
    return 2 * static_cast<double>(requests.load.tally.received);
}

bool complete(const Tally& tally) {
    return tally.received == tally.sent && tally.refused == 0 && tally.unexpected == 0;
}

}  // namespace

Json BenchReport::json() const {
    Json json = {{"schema", "jetway.bench/1"},
                 {"from", from},
                 {"to", to},
                 {"destination", destination},
                 {"payloadBytes", size}};
    if (throughput) {
        const Tally& tally = throughput->load.tally;
        Json one = tally_json(tally);
        one["frameBytes"] = throughput->load.frame_bytes;
        one["messagesPerSecond"] = std::round(rate(tally));
        one["megabytesPerSecond"] = rounded(megabytes(tally, size));
        one["cpu"] = cpu_json(throughput->cpu, envelopes_of(*throughput));
        json["throughput"] = std::move(one);
    }
    if (requests) {
        const Latencies& latencies = requests->load.latencies;
        Json one = tally_json(requests->load.tally);
        one["frameBytes"] = requests->load.frame_bytes;
        one["outstanding"] = requests->outstanding;
        one["requestsPerSecond"] = std::round(rate(requests->load.tally));
        one["microseconds"] = {{"p50", rounded(microseconds(latencies.percentile(0.5)))},
                               {"p99", rounded(microseconds(latencies.percentile(0.99)))},
                               {"p99.9", rounded(microseconds(latencies.percentile(0.999)))},
                               {"max", rounded(microseconds(latencies.max()))}};
        one["cpu"] = cpu_json(requests->cpu, envelopes_of(*requests));
        json["requests"] = std::move(one);
    }
    return json;
}

std::string BenchReport::text() const {
    std::string text =
        from + " -> " + destination + " (" + to + "), " + std::to_string(size) + " bytes of data\n";
    if (throughput) {
        const Tally& tally = throughput->load.tally;
        text += "one way: " + console::format_count(static_cast<std::uint64_t>(rate(tally))) +
                " messages/s, " + fixed(megabytes(tally, size), 1) + " MB/s\n" + tally_text(tally) +
                cpu_text(throughput->cpu, envelopes_of(*throughput));
    }
    if (requests) {
        const Latencies& latencies = requests->load.latencies;
        const auto at = [&](double share) {
            return fixed(microseconds(latencies.percentile(share)), 1);
        };
        text += "round trip: p50 " + at(0.5) + " µs, p99 " + at(0.99) + " µs, p99.9 " + at(0.999) +
                " µs, " +
                console::format_count(static_cast<std::uint64_t>(rate(requests->load.tally))) +
                " requests/s with " + std::to_string(requests->outstanding) + " outstanding\n" +
                tally_text(requests->load.tally) + cpu_text(requests->cpu, envelopes_of(*requests));
    }
    return text;
}

bool BenchReport::complete() const {
    return (!throughput || cli::complete(throughput->load.tally)) &&
           (!requests || cli::complete(requests->load.tally));
}

bool BenchReport::any_lost() const {
    return (throughput && throughput->load.tally.lost() > 0) ||
           (requests && requests->load.tally.lost() > 0);
}

}  // namespace jetway::cli
