// Mounts: all services whose instances are 9P servers, as this router's clients see them: one
// connection an instance, shared by all, and a tree a service, which is that of an instance.
//
//     service_root("web") --walk--> an instance is chosen, by the service's policy --> its file
//        |                            |-- gone, before or while it is asked: another one
//        +-- `..` leads to the parent +-- none is left: EHOSTUNREACH, at once
//
// It promises that a request is sent again only where that does no harm, never to the same instance
// twice, and answered in the time of the instance's requests whatever becomes of instances; that
// no instance keeps a fid or a request of a client that is gone; that an instance which breaks the
// protocol is taken out, and harms nobody who doesn't ask it. Health is by what is seen of an
// instance: connections refused, requests that time out, and probes (backend.h). One that is
// registered at this router is probed all the time, and Effects tell what came of it.
//
// Files that it made must be gone before it.
//
// Left to the shell: connections. A link is one connection, wanted by Effects::connects and then
// told of by on_…; what is to be written on it is taken by take_output().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "balance/options.h"
#include "balance/policy.h"
#include "base/random.h"
#include "base/report.h"
#include "base/time.h"
#include "envelope/ninep_address.h"
#include "ninep/exchange.h"
#include "ninep/file.h"
#include "ninep/qids.h"
#include "ninep/session.h"

namespace jetway::ninep {

// One instance, as the catalogs have it.
struct MountInstance {
    std::string name;     // in the tree: `machine-c.2`
    std::string machine;  // that it is registered at
    envelope::NinepAddress address;
    bool here = false;      // that machine is this one
    bool announced = true;  // as healthy, and not draining
    std::uint32_t weight = 1;
    std::uint32_t cost = 0;

    // balance::Candidate's: of the address, and of the machine too if only that can dial it.
    std::uint64_t id() const;
};

struct MountService {
    std::string name;
    balance::Policy policy;
    std::vector<MountInstance> instances;
};

struct MountOptions {
    balance::Options health;
    ExchangeOptions exchange;
    std::size_t users = 64;                 // attached at an instance at once
    std::size_t listed_entries = 65'536;    // of one directory
    std::size_t listed_bytes = 64U << 20U;  // of all directories that are open
    std::size_t fids = 65'536;              // at an instance
};

using LinkId = std::uint64_t;
class Backend;
class Place;

struct MountCounters {
    std::uint64_t failovers = 0;    // requests that went to another instance
    std::uint64_t no_instance = 0;  // refused: there was none
    std::uint64_t broken = 0;       // connections ended since the instance broke the protocol
};

class Mounts {
public:
    using Parent = std::function<std::unique_ptr<File>()>;

    Mounts(const MountOptions& options, base::Random random);
    ~Mounts();
    Mounts(const Mounts&) = delete;
    Mounts& operator=(const Mounts&) = delete;

    // The services there are; files of one that is gone answer `file has been removed`.
    void update(std::vector<MountService> services, base::Instant now);

    // A service's directory; `parent` makes the File that `..` leads to. Of a service that isn't
    // there: null.
    std::unique_ptr<File> service_root(std::string_view service, const Attacher& attacher,
                                       Parent parent);
    // The same of one instance, by its name: no other is asked in its place.
    std::unique_ptr<File> instance_root(std::string_view service, std::string_view instance,
                                        const Attacher& attacher, Parent parent);

    // The shell.
    struct Connect {
        LinkId link = 0;
        envelope::NinepAddress address;
        std::string machine;
        bool here = false;
    };
    struct Verdict {  // of an instance that is registered here
        std::string service;
        std::string address;
        bool healthy = false;
    };
    struct Effects {
        std::vector<Connect> connects;
        std::vector<LinkId> writes;  // of which take_output() has something
        std::vector<LinkId> closes;  // on_closed isn't called for them
        std::vector<Verdict> verdicts;
        std::vector<base::Report> reports;
    };
    void on_connected(LinkId link, base::Instant now);
    // Code ECONNREFUSED takes the instance out at once.
    void on_connect_failed(LinkId link, const base::Error& why, base::Instant now);
    void on_bytes(LinkId link, base::ByteView bytes, base::Instant now);
    void on_closed(LinkId link, const base::Error& why, base::Instant now);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const;
    // At the end of every turn in which anything happened, then take_effects().
    void end_turn(base::Instant now);
    Effects take_effects();
    base::Bytes take_output(LinkId link);

    const MountOptions& options() const { return options_; }
    const MountCounters& counters() const { return counters_; }
    // For the tree's `stats`, a line an instance: `web machine-c.2 10.0.0.2:564 up 9P2000.L
    // requests 0 files 2`.
    std::string statistics() const;

    struct Service;  // mount_service.h

private:
    friend class Backend;
    friend class Place;
    friend class MountedFile;

    std::shared_ptr<Service> find(std::string_view service) const;
    Backend* backend_of(LinkId link);
    void report(base::Report::Level level, std::string event, const Backend& backend,
                const base::Error& why);

    MountOptions options_;
    base::Random random_;
    base::Instant now_{};
    Qids qids_;
    MountCounters counters_;
    std::map<std::string, std::shared_ptr<Service>, std::less<>> services_;
    std::vector<std::shared_ptr<Backend>> leaving_;  // deregistered, with files still in use
    std::map<LinkId, Backend*> links_;
    LinkId last_link_ = 0;
    std::size_t listed_ = 0;  // bytes of directories
    Effects effects_;
};

}  // namespace jetway::ninep
