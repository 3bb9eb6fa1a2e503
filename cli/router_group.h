// RouterGroup: the routers of a whole deployment as processes of this host: started together, their
// logs passed on to stderr with their names, ended together.
//
//     start --> running --stop--> ending --all exited--> ended
//                  |                 +--2 deadlines--> SIGKILL
//                  +--one exits by itself--> `failed` says which; the caller stops the others
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/runtime.h"
#include "io/process.h"

namespace jetway::cli {

class RouterGroup {
public:
    struct Member {
        std::string machine;
        std::string socket;
        std::vector<std::string> args;  // of the whole command
    };

    // `json`: the lines are JSON objects, which name their machine themselves.
    RouterGroup(client::Runtime& runtime, bool json, bool colour);
    ~RouterGroup();
    RouterGroup(const RouterGroup&) = delete;
    RouterGroup& operator=(const RouterGroup&) = delete;

    base::Result<void> start(const Member& member);

    std::size_t running() const;
    // "machine-a ended with exit code 3"; empty: none has exited by itself.
    const std::string& failed() const { return failed_; }

    // SIGTERM to all, SIGKILL to those that are still there after `grace`. Blocking.
    void stop(base::Duration grace);

private:
    struct Router {
        std::string machine;
        std::unique_ptr<io::Process> process;
    };

    void on_line(const std::string& machine, std::string_view line) const;
    void on_exit(const std::string& machine, int status, int signal);
    void signal_all(int number);

    client::Runtime& runtime_;
    bool json_;
    bool colour_;
    bool stopping_ = false;
    std::size_t longest_name_ = 0;
    std::string failed_;
    std::vector<Router> routers_;
};

// "machine-a | …"; a line that is a JSON object stays as it is.
std::string name_line(std::string_view machine, std::string_view line, std::size_t name_width,
                      bool json);

}  // namespace jetway::cli
