// Process: a child process, its output, and its end.
//
// Stdio::inherit   the child has our stdin, stdout and stderr
// Stdio::lines     stdin is empty; each line of stdout and stderr goes to `on_line`, without its
//                  newline; lines over 64 KiB come in pieces; a last line without newline counts
// Stdio::exchange  `input` goes to stdin, stdout is collected up to `output_limit` bytes (more ends
//                  the child by SIGKILL and sets output_exceeded), stderr is ours
//
// `on_exit` comes exactly once, after all that the child itself had written; what its own
// left-behind children write later is not waited for. It may destroy the Process, as may `on_line`.
//
// Ownership: ~Process kills a child that still runs (SIGKILL) and reaps it; no call after it.
// Errors of spawn: ENOENT (no such command in PATH), EACCES, EAGAIN, EMFILE.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/loop.h"

namespace jetway::io {

struct SpawnOptions {
    enum class Stdio { inherit, lines, exchange };
    enum class From { out, err };

    std::vector<std::string> args;  // args[0] is the command, looked up in PATH
    std::vector<std::pair<std::string, std::string>> environment;  // added to ours, or replacing
    Stdio stdio = Stdio::inherit;
    std::function<void(std::string_view line, From from)> on_line;  // lines
    base::Bytes input;                                              // exchange
    std::size_t output_limit = std::size_t{16} << 20U;              // exchange
};

class Process {
public:
    // `status` is the exit code, `signal` what ended the child, or 0.
    static base::Result<std::unique_ptr<Process>> spawn(
        Loop& loop, SpawnOptions options, std::function<void(int status, int signal)> on_exit);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // Nothing if it has ended.
    void kill(int signal);
    bool running() const;
    pid_t pid() const;

    // Stdio::exchange: complete once on_exit is called.
    const base::Bytes& output() const;
    bool output_exceeded() const;

private:
    class Child;
    explicit Process(std::unique_ptr<Child> child);
    std::unique_ptr<Child> child_;
};

}  // namespace jetway::io
