// MountedFile: a file below a 9P service: a place in the service's tree, wherever that is at the
// moment.
//
//     unbound --asked for anything--> bound: a fid at an instance --the connection ends--> unbound
//
// What it is, is its path; the fid is found again at the same instance or, when that is gone,
// another one, and opened again as it was. That isn't done where it would be another file: one that
// was created, truncated, or written to; then the answer is EIO.
//
// The Place outlives the File as long as answers are on their way to it: what they bring is
// clunked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ninep/backend.h"
#include "ninep/file.h"
#include "ninep/mount.h"

namespace jetway::ninep {

class Place : public std::enable_shared_from_this<Place> {
public:
    // One request of a client, over all that becomes of it.
    struct Attempt {
        std::vector<std::uint64_t> tried;  // instances that failed it
        std::shared_ptr<Backend> at;       // is asked now
        std::uint64_t epoch = 0;
        Instance::Asked asked;
        std::uint64_t step = 0;  // of what is asked now
        bool cancelled = false;
        std::function<void()> on_cancel;  // when nothing is asked that could be cancelled
    };
    using AttemptPtr = std::shared_ptr<Attempt>;
    template <typename Value>
    using Then = Instance::Then<Value>;

    Place(Mounts& mounts, std::shared_ptr<Mounts::Service> service, std::uint64_t pinned,
          Attacher attacher, Mounts::Parent parent);

    // The File is gone: cancels what it asked, and lets the fid go.
    void close();

    // Another place at the end of a path from here.
    std::shared_ptr<Place> child(const File::Names& names) const;
    // The same for the first `depth` names of the path, whose qids are known.
    std::shared_ptr<Place> ancestor(std::size_t depth) const;

    Qid qid() const;
    AttemptPtr attempt();
    void cancel(const AttemptPtr& attempt);

    // A fid at an instance, open if it was before. `then` has the qids of the path as far as it was
    // found: bound if that is all of it.
    void bind(const AttemptPtr& attempt, const Then<Done>& then);
    bool is_bound() const;
    Instance& instance() { return *backend_->instance(); }
    const std::shared_ptr<Backend>& backend() const { return backend_; }
    Fid fid() const { return fid_; }
    // The caller ends the fid, or has a new one that is at this place now.
    void lose_fid();
    void set_bound(const std::shared_ptr<Backend>& backend, Fid fid);
    // As clients see the qid of this place, which the instance says.
    Qid translate(const Qid& theirs);
    // The same of a file in this directory.
    Qid translate_entry(const std::string& name, const Qid& theirs);

    // Binds, asks, and asks again elsewhere where that is right.
    template <typename Value>
    using Perform = std::function<Instance::Asked(Instance&, Fid, const Then<Value>&)>;
    template <typename Value>
    void ask(const AttemptPtr& attempt, bool repeatable, const Perform<Value>& perform,
             const Then<Value>& then);
    Mounts& mounts;
    const std::shared_ptr<Mounts::Service> service;
    const std::uint64_t pinned;  // an instance's id; 0: any
    const Attacher attacher;
    const Mounts::Parent parent;
    File::Names path;       // below the service
    std::vector<Qid> qids;  // of each name that is known to be there, as clients see them
    std::size_t from = 0;   // so many names were there before a walk began
    bool open = false;
    OpenMode mode;
    bool fixed = false;  // it can't be found again elsewhere

private:
    void bind_now(const AttemptPtr& attempt, const Then<Done>& then);
    std::shared_ptr<Backend> choose(const AttemptPtr& attempt);
    void walk_from(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend, Fid start,
                   std::size_t done, const Then<Done>& then);
    void take_found(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend,
                    std::size_t done, const base::Result<Instance::Found>& found,
                    const Then<Done>& then);
    void open_again(const AttemptPtr& attempt, const Then<Done>& then);
    void failed_at(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend,
                   const base::Error& why, const Then<Done>& then);
    void unbind();
    // Another instance is next, unless the request was cancelled.
    void note_failure(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend);

    std::shared_ptr<Backend> backend_;  // that the fid is at, or was
    std::uint64_t epoch_ = 0;
    Fid fid_ = no_fid;
    bool was_bound_ = false;
    bool binding_ = false;
    std::vector<std::function<void()>> waiting_;  // for that
    bool closed_ = false;
    std::weak_ptr<const Place> near_;  // the place that it was walked to from
    std::vector<std::weak_ptr<Attempt>> attempts_;
};

template <typename Value>
void Place::ask(const AttemptPtr& attempt, bool repeatable, const Perform<Value>& perform,
                const Then<Value>& then) {
    bind(attempt, [self = shared_from_this(), attempt, repeatable, perform,
                   then](const base::Result<Done>& bound) {
        if (!bound) {
            return then(bound.error());
        }
        if (!self->is_bound()) {
            return then(error("ENOENT"));
        }
        const std::shared_ptr<Backend> backend = self->backend_;
        const std::uint64_t step = ++attempt->step;
        const auto answered = [self, attempt, repeatable, perform, then, backend,
                               step](base::Result<Value> value) {
            if (attempt->step == step) {
                ++attempt->step;
                attempt->asked = nullptr;
            }
            if (self->closed_) {  // nobody waits for it, and there is no instance to speak of
                return then(error("EINTR"));
            }
            if (value) {
                return then(std::move(value));
            }
            const std::string code = value.error().code;
            if (code == "ETIMEDOUT") {
                backend->on_timeout();
            }
            if (code == "unanswered" && !repeatable) {
                return then(error("EIO"));
            }
            if (code != "not-sent" && code != "unanswered") {
                return then(value.error());
            }
            if (self->fixed) {
                return then(error("EIO", value.error().detail));
            }
            self->note_failure(attempt, backend);
            self->ask(attempt, repeatable, perform, then);
        };
        attempt->at = backend;
        attempt->epoch = backend->epoch();
        const Instance::Asked asked = perform(self->instance(), self->fid_, answered);
        if (attempt->step == step) {
            attempt->asked = asked;
        }
    });
}

class MountedFile final : public File {
public:
    static std::unique_ptr<File> root(Mounts& mounts, std::shared_ptr<Mounts::Service> service,
                                      std::uint64_t pinned, const Attacher& attacher,
                                      Mounts::Parent parent);
    explicit MountedFile(std::shared_ptr<Place> place) : place_(std::move(place)) {}
    ~MountedFile() override;

    Qid qid() const override { return place_->qid(); }
    void walk(const Names& names, Reply<Walked> reply) override;
    void open(const OpenMode& mode, Reply<Opened> reply) override;
    void read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) override;
    void write(std::uint64_t offset, base::Bytes data, Reply<std::uint32_t> reply) override;
    void read_directory(const DirectoryRead& what,
                        Reply<std::vector<DirectoryEntry>> reply) override;
    void about(Reply<About> reply) override;
    void change(const Changes& changes, Reply<Done> reply) override;
    void create(const NewFile& what, Reply<Opened> reply) override;
    void remove(Reply<Done> reply) override;
    void clunk(Reply<Done> reply) override;
    void sync(Reply<Done> reply) override;
    void special(const Message& request, File* second, Reply<Special> reply) override;

    // The entries of a directory that is open, and what they cost.
    struct Listing {
        explicit Listing(std::size_t& all) : total(all) {}
        ~Listing() { total -= bytes; }
        Listing(const Listing&) = delete;
        Listing& operator=(const Listing&) = delete;

        std::size_t& total;
        std::size_t bytes = 0;
        std::vector<DirectoryEntry> entries;
    };

private:
    std::shared_ptr<Place> place_;
    std::shared_ptr<Listing> listing_;
};

}  // namespace jetway::ninep
