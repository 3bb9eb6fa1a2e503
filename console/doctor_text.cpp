#include <array>
#include <nlohmann/json.hpp>

#include "console/doctor.h"
#include "console/format.h"
#include "console/table.h"
#include "console/text.h"

namespace jetway::console {

using envelope::Json;

namespace {
constexpr std::array<const char*, 3> names = {"error", "warning", "note"};

std::string name_of(Finding::Severity severity) {
    return names[static_cast<std::size_t>(severity)];
}
}  // namespace

std::string doctor_text(const std::vector<Finding>& findings, std::size_t machines, bool colour) {
    std::string text;
    for (const Finding& finding : findings) {
        const Tone tone = finding.severity == Finding::Severity::note ? Tone::faint : Tone::bad;
        text += paint(name_of(finding.severity), tone, colour) + "  " +
                printable(finding.machine + ": " + finding.what) + "\n" +
                paint("  look: " + printable(finding.look), Tone::faint, colour) + "\n";
    }
    const std::string asked = format_plural(machines, "machine") + " asked";
    return text +
           (findings.empty() ? paint("nothing is wrong", Tone::good, colour)
                             : format_plural(findings.size(), "finding")) +
           ", " + asked + "\n";
}

Json doctor_json(const std::vector<Finding>& findings, const std::vector<Chart>& charts) {
    Json rows = Json::array();
    for (const Finding& finding : findings) {
        rows.push_back({{"severity", name_of(finding.severity)},
                        {"machineId", finding.machine},
                        {"what", finding.what},
                        {"look", finding.look}});
    }
    Json machines = Json::array();
    for (const Chart& chart : charts) {
        machines.push_back({{"machineId", chart.machine}, {"reachable", chart.reachable}});
    }
    return {{"schema", "jetway.doctor/1"},
            {"machines", std::move(machines)},
            {"findings", std::move(rows)}};
}

}  // namespace jetway::console
