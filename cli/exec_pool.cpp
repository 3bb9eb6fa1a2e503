#include "cli/exec_pool.h"

#include <csignal>

namespace jetway::cli {

ExecPool::ExecPool(io::Loop& loop, ExecOptions options)
    : loop_(loop), options_(std::move(options)) {}

ExecPool::~ExecPool() = default;

bool ExecPool::submit(Job job) {
    if (running_.size() < options_.jobs) {
        start(std::move(job));
        return true;
    }
    if (waiting_.size() >= options_.waiting) {
        return false;
    }
    waiting_.push_back(std::move(job));
    return true;
}

void ExecPool::start(Job job) {
    const std::uint64_t number = next_++;
    io::SpawnOptions spawn;
    spawn.args = {"/bin/sh", "-c", options_.command};
    spawn.environment = std::move(job.environment);
    spawn.stdio = io::SpawnOptions::Stdio::exchange;
    spawn.input = std::move(job.input);
    spawn.output_limit = options_.output_limit;
    auto process = io::Process::spawn(
        loop_, std::move(spawn),
        [this, number](int status, int signal) { finished(number, status, signal); });
    if (!process) {
        job.on_done(base::Error{
            "service-error",
            "cannot start the command: " + process.error().code + ": " + process.error().detail});
        return;
    }
    Running& running = running_[number];
    running.on_done = std::move(job.on_done);
    running.process = std::move(process.value());
    running.limit = std::make_unique<io::Timer>(loop_, [this, number] {
        Running& late = running_.at(number);
        late.timed_out = true;
        late.process->kill(SIGKILL);
    });
    running.limit->set(loop_.now() + options_.time_limit);
}

void ExecPool::finished(std::uint64_t number, int status, int signal) {
    const auto found = running_.find(number);
    // Out of the table before anybody is told: they may submit the next one.
    const Running job = std::move(found->second);
    running_.erase(found);
    job.on_done(outcome(job, status, signal));
    while (!waiting_.empty() && running_.size() < options_.jobs) {
        Job next = std::move(waiting_.front());
        waiting_.pop_front();
        start(std::move(next));
    }
}

base::Result<base::Bytes> ExecPool::outcome(const Running& job, int status, int signal) const {
    if (job.timed_out) {
        return base::Error{"timeout", "the command ran over its time"};
    }
    if (job.process->output_exceeded()) {
        return base::Error{"too-large", "the command wrote more than an answer can hold"};
    }
    if (signal != 0) {
        return base::Error{"service-error",
                           "the command was ended by signal " + std::to_string(signal)};
    }
    if (status != 0) {
        return base::Error{"service-error",
                           "the command ended with exit code " + std::to_string(status)};
    }
    return job.process->output();
}

}  // namespace jetway::cli
