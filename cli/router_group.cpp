#include "cli/router_group.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "cli/report.h"
#include "console/table.h"
#include "console/text.h"

namespace jetway::cli {

std::string name_line(std::string_view machine, std::string_view line, std::size_t name_width,
                      bool json) {
    if (json && line.starts_with('{')) {
        return std::string(line);  // it has the machine in it
    }
    std::string prefix(machine);
    prefix.resize(std::max(name_width, prefix.size()), ' ');
    return prefix + " | " + std::string(line);
}

RouterGroup::RouterGroup(client::Runtime& runtime, bool json, bool colour)
    : runtime_(runtime), json_(json), colour_(colour) {}

RouterGroup::~RouterGroup() = default;

base::Result<void> RouterGroup::start(const Member& member) {
    longest_name_ = std::max(longest_name_, member.machine.size());
    io::SpawnOptions options;
    options.args = member.args;
    options.stdio = io::SpawnOptions::Stdio::lines;
    options.on_line = [this, machine = member.machine](std::string_view line,
                                                       io::SpawnOptions::From) {
        on_line(machine, line);
    };
    auto process = io::Process::spawn(runtime_.loop(), std::move(options),
                                      [this, machine = member.machine](int status, int signal) {
                                          on_exit(machine, status, signal);
                                      });
    if (!process) {
        return process.error();
    }
    routers_.push_back({member.machine, std::move(process.value())});
    return {};
}

std::size_t RouterGroup::running() const {
    return static_cast<std::size_t>(
        std::count_if(routers_.begin(), routers_.end(),
                      [](const Router& router) { return router.process->running(); }));
}

void RouterGroup::stop(base::Duration grace) {
    stopping_ = true;
    const auto all_ended = [this] { return running() == 0; };
    signal_all(SIGTERM);
    if (runtime_.wait_until(all_ended, runtime_.now() + grace)) {
        return;
    }
    complain("some routers did not end in time, and are killed");
    signal_all(SIGKILL);
    runtime_.wait_until(all_ended, runtime_.now() + grace);
}

void RouterGroup::on_line(const std::string& machine, std::string_view line) const {
    // The routers' own escapes never come: to them this is no terminal.
    const std::string named = name_line(machine, console::printable(line), longest_name_, json_);
    const std::size_t bar = named.starts_with('{') ? 0 : longest_name_ + 2;
    const std::string whole =
        console::paint(named.substr(0, bar), console::Tone::faint, colour_ && bar > 0) +
        named.substr(bar) + "\n";
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

void RouterGroup::on_exit(const std::string& machine, int status, int signal) {
    if (stopping_ || !failed_.empty()) {
        return;
    }
    failed_ = "the router of " + machine +
              (signal != 0 ? " was ended by signal " + std::to_string(signal)
                           : " ended by itself, with exit code " + std::to_string(status));
}

void RouterGroup::signal_all(int number) {
    for (const Router& router : routers_) {
        router.process->kill(number);
    }
}

}  // namespace jetway::cli
