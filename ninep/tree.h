// Tree: the files under /svc of one router (docs/svc.md): what a path leads to, for each client.
//
//     /route/…            the router: its control requests as files (route_files.cpp)
//     /<name>/…           an envelope service: request, health, …, clone and <n>/
//     (service_files.cpp)
//     /<name>/…           a 9P service: Mounts gives its root (mount.h)
//
// A path is looked up anew at each walk, so that what has gone is found gone: nothing is kept for
// a place but its conversations. Left to others: connections (session.h), instances (mount.h), and
// whatever changes the router, which are control requests.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ninep/asks.h"
#include "ninep/conversations.h"
#include "ninep/file.h"
#include "ninep/services.h"
#include "ninep/session.h"
#include "ninep/watchers.h"
#include "router/arrival.h"
#include "router/control.h"
#include "router/event_log.h"

namespace jetway::ninep {

class Mounts;
struct LocalPlace;

// The one at the other end of a connection, as long as it lasts.
struct Client {
    router::Arrival arrival;
    bool may_change = false;  // the router: `route/ctl` and the like
    std::string last_error;   // of its commands

    // Bytes of questions that are not asked yet, and of answers that are not read, in all its
    // files.
    static constexpr std::size_t most_kept = 64U << 20U;
    std::size_t kept = 0;
};

// What the tree stands in. Functions are called in the router's loop.
struct Outside {
    // A control request to this router; the answer is its JSON. Rights are asked of `who`.
    std::function<base::Result<nlohmann::ordered_json>(const router::ControlRequest&,
                                                       const router::Arrival& who)>
        ask;
    // Several, each of which changes the router: all are done, or none and an error says which.
    std::function<base::Result<void>(const std::vector<router::ControlRequest>&,
                                     const router::Arrival& who)>
        command;
    // The services of the mesh, in order of name. The reference is good until the next call.
    std::function<const std::vector<ServiceView>&()> services;
    // What happened at this router; borrowed.
    const router::EventLog* events = nullptr;
    // Seconds since 1970 at which the router started: the times of all its files.
    std::uint64_t started = 0;
    std::string machine;    // this one
    std::uint32_t uid = 0;  // owner of the files
    std::uint32_t gid = 0;
};

using Path = std::vector<std::string>;  // from the root; empty: the root itself

class Tree {
public:
    // Both are borrowed. No mounts: no 9P service is shown.
    Tree(Outside outside, Asks& asks, Mounts* mounts);
    ~Tree();
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    // For a Session's OnAttach.
    base::Result<std::unique_ptr<File>> attach(const std::shared_ptr<Client>& client,
                                               const Attacher& attacher);
    // What a path leads to; null: nothing is there.
    std::unique_ptr<File> find(const Path& path, const std::shared_ptr<Client>& client,
                               const Attacher& attacher);
    // The names in a directory, in order.
    std::vector<std::string> list(const Path& path) const;
    // Nothing: no such service.
    const ServiceView* service(std::string_view name) const;

    // The services have changed: what waits for one that has gone ends.
    void on_services() const { ends_.wake(); }
    std::uint64_t watch_services(std::function<void()> changed) {
        return ends_.add(std::move(changed));
    }
    void unwatch_services(std::uint64_t watcher) { ends_.remove(watcher); }

    // Something has happened that Outside's events tell: whoever waits for it reads it.
    void on_events() const { followers_.wake(); }
    std::uint64_t watch_events(std::function<void()> happened) {
        return followers_.add(std::move(happened));
    }
    void unwatch_events(std::uint64_t watcher) { followers_.remove(watcher); }

    // The time of what is asked from now on.
    void set_now(base::Instant now) { now_ = now; }
    base::Instant now() const { return now_; }
    const Outside& outside() const { return outside_; }
    Asks& asks() { return asks_; }
    const router::EventLog& events() const { return *outside_.events; }
    Conversations& conversations() { return conversations_; }
    SessionCounters& counters() { return counters_; }
    Qid qid_of(const Path& path, bool directory) const;

private:
    std::function<std::unique_ptr<File>()> parent_of(const LocalPlace& place);
    std::unique_ptr<File> find_route(LocalPlace place);
    std::unique_ptr<File> find_of_service(LocalPlace place, const ServiceView& service);
    std::unique_ptr<File> find_service(LocalPlace place, const ServiceView& service);
    std::unique_ptr<File> text(LocalPlace place, std::function<base::Result<std::string>()> make);
    // A file whose text is what a control request answers: a row a line, or with no key a value.
    std::unique_ptr<File> listing(LocalPlace place, std::string request, std::string rows);
    std::unique_ptr<File> policy_file(LocalPlace place, const std::string& service);
    // tree_texts.cpp
    base::Result<std::string> state(const Client& client) const;
    // The policy of a service; with no service, `SERVICE POLICY` lines of all, or of those alone
    // for which one was set.
    base::Result<std::string> policies(std::string_view service, bool set_only,
                                       const Client& client) const;
    std::string statistics() const;
    std::string statistics_of(const std::string& name) const;

    Outside outside_;
    Asks& asks_;
    Mounts* mounts_;
    Conversations conversations_;
    Watchers ends_;
    Watchers followers_;
    SessionCounters counters_;
    base::Instant now_{};
};

}  // namespace jetway::ninep
