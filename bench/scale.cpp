// jetway-scale: large meshes in the simulator, measured: time to settle, bytes announced, memory
// and CPU time.
#include "sim/scale.h"

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "bench/full_table.h"

namespace {

using namespace jetway;

double milliseconds(base::Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

double resident_mebibytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) /
           (1024.0 * 1024.0);
}

// The share `part` of the values, sorted, is at most this.
double quantile(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

}  // namespace

int main(int argc, char** argv) {
    sim::ScaleOptions options;
    CLI::App app("Large meshes in the simulator: what it takes them to settle", "jetway-scale");
    app.add_option("--topology", options.kind, "line, ring, mesh, star, grid, random or scale-free")
        ->capture_default_str();
    app.add_option("--machines", options.machines)->capture_default_str();
    app.add_option("--services", options.services)->capture_default_str();
    app.add_option("--failures", options.failures, "Of single links, and of single machines")
        ->capture_default_str();
    app.add_option("--seed", options.seed)->capture_default_str();
    app.add_flag("!--no-half", options.half, "Don't fail half of the links");
    app.add_flag("!--no-plain", options.plain,
                 "Leave the plain algorithm out, whose tables are far larger");
    CLI11_PARSE(app, argc, argv);

    const jetway::bench::FullTable table =
        jetway::bench::measure_full_table(options.machines, options.services, 5);
    std::printf(
        "a full table of %zu machines and %zu services (%.2f MB) from one neighbour: learned in "
        "%.1f ms of CPU time, "
        "route table built in %.1f ms; %.0f bytes a machine, %.0f bytes a service\n",
        options.machines, options.services, static_cast<double>(table.announced_bytes) / 1e6,
        table.milliseconds, table.table_milliseconds, table.bytes_a_machine, table.bytes_a_service);
    const auto begin = std::chrono::steady_clock::now();
    const auto elapsed = [begin] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    const double memory_before = resident_mebibytes();
    double memory_settled = 0;
    const auto result = sim::measure_scale(options, [&](const std::string& what) {
        std::fprintf(stderr, "%6.1f s  %s, %.0f MiB\n", elapsed(), what.c_str(),
                     resident_mebibytes());
        if (what == "settled") {
            memory_settled = resident_mebibytes() - memory_before;
        }
    });
    if (!result) {
        std::fprintf(stderr, "jetway-scale: %s\n", result.error().detail.c_str());
        return 2;
    }
    const sim::ScaleReport& report = *result;
    std::printf("%s of %zu machines, %zu links, %zu services, diameter %zu\n", options.kind.c_str(),
                options.machines, report.links, options.services, report.diameter);
    std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> kinds;
    std::vector<std::string> order;
    for (const sim::Settling& settling : report.settlings) {
        auto& kind = kinds[settling.after];
        if (kind.first.empty()) {
            order.push_back(settling.after);
        }
        kind.first.push_back(milliseconds(settling.took));
        kind.second.push_back(settling.bytes_a_link);
    }
    const double aim =
        2.0 * static_cast<double>(report.diameter) * (milliseconds(options.latency) + 20.0) + 100.0;
    std::printf("%-24s %5s %12s %12s %18s\n", "settled after", "runs", "median ms", "p99 ms",
                "bytes a link, p50");
    for (const std::string& kind : order) {
        std::printf("%-24s %5zu %12.1f %12.1f %18.0f\n", kind.c_str(), kinds[kind].first.size(),
                    quantile(kinds[kind].first, 0.5), quantile(kinds[kind].first, 0.99),
                    quantile(kinds[kind].second, 0.5));
    }
    std::printf("aim for one link or machine: %.0f ms\n", aim);
    std::printf(
        "settled: %.1f bytes announced a link a heartbeat, %.0f bytes a link a minute with PINGs\n",
        report.bytes_a_link_and_heartbeat, report.bytes_a_link_and_minute);
    if (options.plain) {
        std::printf(
            "the plain algorithm: settles in %.0f ms after its start, %.0f bytes a link an "
            "interval "
            "(ratio %.5f); one "
            "link failed: %llu of %llu ways wrong for ever\n",
            milliseconds(report.plain_start), report.plain_bytes_a_link_and_interval,
            report.bytes_a_link_and_heartbeat / report.plain_bytes_a_link_and_interval,
            static_cast<unsigned long long>(report.plain_lost),
            static_cast<unsigned long long>(report.plain_routed));
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "%.1f s of wall time, %.1f M events, %.0f MiB at most; settled: %.0f bytes a router and "
        "learned machine, its "
        "services and links included\n",
        elapsed(), static_cast<double>(report.events) / 1e6,
        static_cast<double>(usage.ru_maxrss) / 1024.0,
        memory_settled * 1024.0 * 1024.0 /
            static_cast<double>(options.machines * options.machines));
    if (!report.wrong.empty()) {
        std::printf("WRONG: %s\n", report.wrong.c_str());
        return 1;
    }
    return 0;
}
