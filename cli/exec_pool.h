// ExecPool: runs a shell command for each request, so many at once, and hands out what each gave.
//
//     submit --room--> running --exit--> on_done
//        +--no room--> waiting --room--> running
//        +--too many waiting--> refused: the caller says `overloaded`
//
// A command that runs over its time is killed. ~ExecPool kills what still runs; nothing is called
// then.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/process.h"
#include "io/timer.h"

namespace jetway::cli {

struct ExecOptions {
    std::string command;  // for /bin/sh -c
    std::size_t jobs = 4;
    std::size_t waiting = 1'000;
    base::Duration time_limit = std::chrono::seconds(30);
    std::size_t output_limit = std::size_t{15} << 20U;  // bytes; a frame is 16 MiB
};

class ExecPool {
public:
    // What the command wrote; or `service-error`, `timeout` and `too-large`, in a sentence.
    using OnDone = std::function<void(base::Result<base::Bytes>)>;

    struct Job {
        base::Bytes input;
        std::vector<std::pair<std::string, std::string>> environment;
        OnDone on_done;
    };

    ExecPool(io::Loop& loop, ExecOptions options);
    ~ExecPool();
    ExecPool(const ExecPool&) = delete;
    ExecPool& operator=(const ExecPool&) = delete;

    // False: too many wait already.
    bool submit(Job job);

    std::size_t running() const { return running_.size(); }
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Running {
        OnDone on_done;
        bool timed_out = false;
        std::unique_ptr<io::Process> process;
        std::unique_ptr<io::Timer> limit;
    };

    void start(Job job);
    void finished(std::uint64_t number, int status, int signal);
    base::Result<base::Bytes> outcome(const Running& job, int status, int signal) const;

    io::Loop& loop_;
    ExecOptions options_;
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, Running> running_;
    std::deque<Job> waiting_;
};

}  // namespace jetway::cli
