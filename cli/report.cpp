#include "cli/report.h"

#include <cstdio>

#include "console/text.h"

namespace jetway::cli {

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void complain(std::string_view line) {
    const std::string whole = "jetway: " + console::printable(line) + "\n";
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

ExitCode fail(const std::string& about, const base::Error& error) {
    std::string line = about + ": " + error.code;
    if (!error.detail.empty()) {
        line += ": " + error.detail;
    }
    if (const std::string_view hint = advice(error.code); !hint.empty()) {
        line += "; " + std::string(hint);
    }
    complain(line);
    return exit_code_of(error.code);
}

std::string_view advice(std::string_view code) {
    if (code == "no-route") {
        return "`jetway services` lists what can be reached";
    }
    if (code == "no-instance") {
        return "nobody serves it at the moment: `jetway services` lists who does";
    }
    if (code == "timeout") {
        return "--timeout gives it more time";
    }
    if (code == "hop-limit") {
        return "`jetway ping` shows the way that it takes";
    }
    if (code == "overloaded") {
        return "send more slowly, or start more instances";
    }
    if (code == "forbidden-source") {
        return "a source must be a service that this connection attached";
    }
    return {};
}

}  // namespace jetway::cli
