// Backend: one instance of a service, for all who use it: its connection, who is attached there,
// how it fares, and the probes that find it out.
//
//     idle --somebody asks--> connecting --> greeting --> ready --closed, or broken--> idle
//
// Where a service's tree begins at the instance is found out: after an attach to "" and a walk of
// the address's path, or, when that is refused, after an attach with the path as aname, which diod
// and other servers of exports want.
//
// A probe connects where there is no connection, attaches as `nobody`, walks to the path, and looks
// whether the tree there is well (probe.h).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "balance/health.h"
#include "ninep/instance.h"
#include "ninep/mount.h"

namespace jetway::ninep {

class Backend : public std::enable_shared_from_this<Backend> {
public:
    enum class State { idle, connecting, greeting, ready };

    Backend(Mounts& mounts, std::string service, MountInstance what, base::Instant now);

    const MountInstance& what() const { return what_; }
    void set(MountInstance what) { what_ = std::move(what); }
    std::uint64_t id() const { return id_; }
    // May be chosen.
    bool usable() const { return what_.announced && health_.usable() && !leaving_; }
    std::uint64_t load() const;

    // The connection, good while epoch() stays the same; null when there is none.
    Instance* instance() { return state_ == State::ready ? instance_.get() : nullptr; }
    std::uint64_t epoch() const { return epoch_; }
    // The service's root there, for this user; shared by all files of theirs. Errors: `not-sent`
    // and `unanswered` as of the instance, and what it said.
    void root(const Attacher& attacher, const Instance::Then<Instance::Root>& then);

    // A file of somebody's is there, or not any more.
    void use() { ++files_; }
    void unuse() { --files_; }
    std::size_t files() const { return files_; }
    // Deregistered: it goes with the last file.
    void leave() { leaving_ = true; }
    bool done() const { return leaving_ && files_ == 0; }
    // A request timed out.
    void on_timeout();

    const std::string& service() const { return service_; }
    base::Bytes take_output() {
        return instance_ != nullptr ? instance_->exchange().take_output() : base::Bytes();
    }

    void on_connected();
    void on_connect_failed(const base::Error& why);
    void on_bytes(base::ByteView bytes);
    void on_closed(const base::Error& why);
    void on_deadline();
    void end_turn();
    base::Instant next_deadline() const;
    void close();

private:
    struct User {
        bool ready = false;
        Instance::Root root;
        std::vector<Instance::Then<Instance::Root>> waiting;
    };
    using UserKey = std::pair<std::string, std::uint32_t>;

    void connect();
    void on_ready();
    void lost(const base::Error& why, bool at_once);
    void attach(const UserKey& user);
    void attach_next();
    void attach_by_path(const UserKey& user, bool again);
    void attach_by_name(const UserKey& user);
    void attached(const UserKey& user, const base::Result<Instance::Root>& root);
    void make_room();
    void probe();
    void probed(std::uint64_t probe, bool good, const base::Error& why);
    void take(balance::Health::Change change);

    Mounts& mounts_;
    std::string service_;
    MountInstance what_;
    std::uint64_t id_;
    balance::Health health_;
    State state_ = State::idle;
    std::unique_ptr<Instance> instance_;
    std::vector<std::unique_ptr<Instance>> ended_;  // until the end of the turn
    LinkId link_ = 0;
    std::uint64_t epoch_ = 0;
    std::map<UserKey, User> users_;
    std::deque<UserKey> to_attach_;  // one after the other: diod dies of two at once
    bool attaching_ = false;
    bool offer_linux_ = true;
    bool by_name_ = false;  // attaching with the path as aname is what worked
    bool leaving_ = false;
    base::Error trouble_;      // the last
    std::uint64_t probe_ = 0;  // the one whose end counts
    std::size_t files_ = 0;
};

}  // namespace jetway::ninep
