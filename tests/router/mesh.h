// Mesh: routers without sockets, joined by pipes of bytes, on a clock of its own. After every end
// of turn it checks that no envelope is unaccounted for.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "router/router.h"
#include "tests/router/peer.h"

namespace jetway::router::testing {

class Mesh {
public:
    struct Node {
        std::string name;
        std::unique_ptr<Router> router;
        bool alive = true;
        std::vector<base::Report> reports;
    };

    // A router with links to those neighbours. `change` its options first.
    Router& add(const std::string& name, const std::vector<std::string>& links = {},
                const std::function<void(Options&)>& change = {});
    Router& operator[](const std::string& name) { return *node(name).router; }
    std::vector<base::Report>& reports(const std::string& name) { return node(name).reports; }

    // A bare connection, or a service that has said HELLO.
    Peer& connect(const std::string& name, Entry by = Entry::local_listener);
    Peer& connect(const std::string& name, Arrival arrival);
    Peer& service(const std::string& name, const std::vector<std::string>& names = {});

    void kill(const std::string& name);  // its connections close and dials to it fail
    // Neither side hears the other any more, and nobody is told.
    void silence(const std::string& a, const std::string& b);
    void cut(const std::string& a, const std::string& b);  // the connections break; no new one
    void mend(const std::string& a, const std::string& b) { blocked_.erase(key(a, b)); }
    // As cut, but dials find no way there, instead of nobody.
    void unreachable(const std::string& a, const std::string& b) {
        cut(a, b);
        blocked_[key(a, b)] = false;
    }
    // The connections break: each end has read so many bytes of what was under way to it.
    void interrupt(const std::string& a, const std::string& b, std::size_t read = 0);

    void run();                          // until nothing is under way
    void wait(base::Duration duration);  // in steps, from deadline to deadline

    // Bytes that services sent to a router which doesn't read them for now.
    std::size_t unread(const std::string& name);

    std::size_t most_read = SIZE_MAX;  // bytes at once
    // Called before each thing that happens.
    std::function<void()> before_step;
    // Which of `n` things that are under way happens next; the first unless told.
    std::function<std::size_t(std::size_t)> choose;
    std::size_t dials = 0;
    base::Instant now{seconds(1000)};

    // Connections between two routers that are open.
    std::size_t pipes(const std::string& a, const std::string& b) const;
    // The machine that dialled the only open one.
    std::string dialler(const std::string& a, const std::string& b) const;

private:
    friend class Peer;
    struct End {
        Node* node = nullptr;
        Peer* peer = nullptr;
        TerminalId id = 0;
    };
    struct Pipe {
        End ends[2];  // the first dialled
        Bytes to[2];  // under way to that end
        bool silent = false;
        bool paused[2] = {false, false};  // that end isn't read for now
        bool ending[2] = {false, false};  // that end learns of the close once it has read all
        bool open = true;
    };
    Node& node(const std::string& name);
    static std::pair<std::string, std::string> key(const std::string& a, const std::string& b) {
        return {std::min(a, b), std::max(a, b)};
    }
    bool joins(const Pipe& pipe, const std::string& a, const std::string& b) const;
    void turn(Node& of);
    void flush(Node& of, TerminalId id);
    void hang_up(std::size_t pipe, std::size_t by);
    void dial(Node& from, std::size_t link);
    void deliver(Pipe& pipe, std::size_t end);

    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<std::unique_ptr<Pipe>> pipes_;
    std::vector<std::pair<Node*, std::size_t>> dialling_;
    std::map<std::pair<std::string, std::string>, bool> blocked_;  // true: dials are refused
};

// How often router `a` refused so.
std::uint64_t refused(Mesh& mesh, Refusal why);

// a dials b, b dials c; they have met.
void line(Mesh& mesh, const std::function<void(Options&)>& change_a = {},
          const std::function<void(Options&)>& change_others = {});

}  // namespace jetway::router::testing
