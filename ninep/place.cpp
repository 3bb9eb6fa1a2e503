#include <algorithm>
#include <utility>

#include "ninep/mount_service.h"
#include "ninep/mounted_file.h"

namespace jetway::ninep {

Place::Place(Mounts& of, std::shared_ptr<Mounts::Service> which, std::uint64_t instance,
             Attacher who, Mounts::Parent above)
    : mounts(of),
      service(std::move(which)),
      pinned(instance),
      attacher(std::move(who)),
      parent(std::move(above)) {}

void Place::close() {
    closed_ = true;
    binding_ = false;
    for (const std::function<void()>& next : std::exchange(waiting_, {})) {
        next();
    }
    for (const std::weak_ptr<Attempt>& each : std::exchange(attempts_, {})) {
        if (const AttemptPtr attempt = each.lock()) {
            cancel(attempt);
        }
    }
    unbind();
    backend_ = nullptr;
}

std::shared_ptr<Place> Place::child(const File::Names& names) const {
    auto to = std::make_shared<Place>(mounts, service, pinned, attacher, parent);
    to->path = path;
    to->path.insert(to->path.end(), names.begin(), names.end());
    to->qids = qids;
    to->from = path.size();
    if (!path.empty()) {  // from the root an instance is chosen anew
        to->backend_ = backend_;
        to->near_ = weak_from_this();
    }
    return to;
}

std::shared_ptr<Place> Place::ancestor(std::size_t depth) const {
    auto to = std::make_shared<Place>(mounts, service, pinned, attacher, parent);
    to->path.assign(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
    to->qids.assign(qids.begin(), qids.begin() + static_cast<std::ptrdiff_t>(depth));
    if (depth > 0) {
        to->backend_ = backend_;
    }
    return to;
}

Qid Place::qid() const {
    return path.empty() || qids.size() < path.size() ? mounts.qids_.root(service->name)
                                                     : qids.back();
}

Qid Place::translate(const Qid& theirs) {
    if (path.empty()) {
        return mounts.qids_.root(service->name);
    }
    const Qid ours = mounts.qids_.of(service->name, path, path.size(), backend_->id(), theirs);
    if (qids.size() == path.size()) {
        qids.back() = ours;
    }
    return ours;
}

Qid Place::translate_entry(const std::string& name, const Qid& theirs) {
    path.push_back(name);
    const Qid ours = mounts.qids_.of(service->name, path, path.size(), backend_->id(), theirs);
    path.pop_back();
    return ours;
}

Place::AttemptPtr Place::attempt() {
    attempts_.erase(std::remove_if(attempts_.begin(), attempts_.end(),
                                   [](const auto& each) { return each.expired(); }),
                    attempts_.end());
    auto fresh = std::make_shared<Attempt>();
    attempts_.push_back(fresh);
    return fresh;
}

void Place::cancel(const AttemptPtr& attempt) {
    if (std::exchange(attempt->cancelled, true)) {
        return;
    }
    if (attempt->asked != nullptr && attempt->at->epoch() == attempt->epoch &&
        attempt->at->instance() != nullptr) {
        return attempt->at->instance()->cancel(attempt->asked);
    }
    if (const auto on_cancel = std::exchange(attempt->on_cancel, nullptr)) {
        on_cancel();
    }
}

bool Place::is_bound() const {
    return fid_ != no_fid && backend_->epoch() == epoch_ && backend_->instance() != nullptr;
}

void Place::set_bound(const std::shared_ptr<Backend>& backend, Fid fid) {
    unbind();
    backend_ = backend;
    epoch_ = backend->epoch();
    fid_ = fid;
    was_bound_ = true;
    backend->use();
}

void Place::lose_fid() {
    if (fid_ != no_fid) {
        fid_ = no_fid;
        backend_->unuse();
    }
}

void Place::unbind() {
    if (is_bound()) {
        instance().clunk(fid_, [](const base::Result<Done>&) {});
    }
    lose_fid();
}

std::shared_ptr<Backend> Place::choose(const AttemptPtr& attempt) {
    const auto tried = [&attempt](const Backend& backend) {
        return std::find(attempt->tried.begin(), attempt->tried.end(), backend.id()) !=
               attempt->tried.end();
    };
    if (pinned != 0) {
        std::shared_ptr<Backend> only = service->by_id(pinned);
        return only == nullptr || tried(*only) ? nullptr : only;
    }
    if (backend_ != nullptr && backend_->usable() && !tried(*backend_)) {
        return backend_;
    }
    return service->choose(attempt->tried, attacher);
}

// Several requests of one file may want it at once, when the instance that they were sent to went:
// the first finds it again, and the others wait for that.
void Place::bind(const AttemptPtr& attempt, const Then<Done>& then) {
    if (is_bound()) {
        return bind_now(attempt, then);
    }
    if (binding_) {
        waiting_.push_back(
            [self = shared_from_this(), attempt, then] { self->bind(attempt, then); });
        return;
    }
    binding_ = true;
    bind_now(attempt, [self = shared_from_this(), then](const base::Result<Done>& bound) {
        self->binding_ = false;
        then(bound);
        for (const std::function<void()>& next : std::exchange(self->waiting_, {})) {
            next();
        }
    });
}

void Place::bind_now(const AttemptPtr& attempt, const Then<Done>& then) {
    if (attempt->cancelled || closed_) {
        return then(error("EINTR"));
    }
    if (service->gone) {
        return then(error("EIDRM"));
    }
    if (is_bound()) {
        return then(Done{});
    }
    if (was_bound_ && fixed) {
        return then(error("EIO", "the instance that this file was at went away"));
    }
    const std::shared_ptr<Backend> backend = choose(attempt);
    if (backend == nullptr) {
        ++mounts.counters_.no_instance;
        return then(error("EHOSTUNREACH",
                          attempt->tried.empty()
                              ? "no-instance: no healthy instance of " + service->name
                              : "no-instance: no instance of " + service->name + " answered"));
    }
    const std::shared_ptr<const Place> near = near_.lock();
    if (near != nullptr && near->is_bound() && near->backend_ == backend && !near->open) {
        return walk_from(attempt, backend, near->fid_, near->path.size(), then);
    }
    backend->root(attacher, [self = shared_from_this(), attempt, backend,
                             then](const base::Result<Instance::Root>& root) {
        if (!root) {
            return self->failed_at(attempt, backend, root.error(), then);
        }
        self->walk_from(attempt, backend, root->fid, 0, then);
    });
}

void Place::walk_from(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend, Fid start,
                      std::size_t done, const Then<Done>& then) {
    if (attempt->cancelled || closed_) {
        return then(error("EINTR"));
    }
    if (backend->instance() == nullptr) {
        return failed_at(attempt, backend, {"not-sent", {}}, then);
    }
    const File::Names names(path.begin() + static_cast<std::ptrdiff_t>(done), path.end());
    const std::uint64_t step = ++attempt->step;
    attempt->at = backend;
    attempt->epoch = backend->epoch();
    const Instance::Asked asked =
        backend->instance()->walk(start, names,
                                  [self = shared_from_this(), attempt, backend, step, done,
                                   then](const base::Result<Instance::Found>& found) {
                                      if (attempt->step == step) {
                                          ++attempt->step;
                                          attempt->asked = nullptr;
                                      }
                                      self->take_found(attempt, backend, done, found, then);
                                  });
    if (attempt->step == step) {
        attempt->asked = asked;
    }
}

void Place::take_found(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend,
                       std::size_t done, const base::Result<Instance::Found>& found,
                       const Then<Done>& then) {
    if (!found) {
        return failed_at(attempt, backend, found.error(), then);
    }
    if (closed_) {
        if (found->fid != no_fid) {
            backend->instance()->clunk(found->fid, [](const base::Result<Done>&) {});
        }
        return then(error("EINTR"));
    }
    if (found->fid == no_fid && was_bound_) {
        return then(error("ENOENT"));  // there it was, and here it isn't
    }
    qids.resize(std::min(qids.size(), done));
    for (std::size_t i = 0; i < found->qids.size(); ++i) {
        qids.push_back(
            mounts.qids_.of(service->name, path, done + i + 1, backend->id(), found->qids[i]));
    }
    if (found->fid == no_fid) {
        return then(Done{});
    }
    set_bound(backend, found->fid);
    if (open) {
        return open_again(attempt, then);
    }
    then(Done{});
}

void Place::open_again(const AttemptPtr& attempt, const Then<Done>& then) {
    OpenMode again = mode;
    again.truncate = false;
    again.remove_on_clunk = false;
    const std::shared_ptr<Backend> backend = backend_;
    instance().open(
        fid_, again,
        [self = shared_from_this(), attempt, backend, then](const base::Result<Opened>& opened) {
            if (!opened) {
                self->unbind();
                return self->failed_at(attempt, backend, opened.error(), then);
            }
            then(Done{});
        });
}

void Place::note_failure(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend) {
    unbind();
    attempt->tried.push_back(backend->id());
    ++mounts.counters_.failovers;
}

void Place::failed_at(const AttemptPtr& attempt, const std::shared_ptr<Backend>& backend,
                      const base::Error& why, const Then<Done>& then) {
    if (why.code == "ETIMEDOUT") {
        backend->on_timeout();
    }
    if (!is_of_connection(why)) {
        return then(why);
    }
    note_failure(attempt, backend);
    bind_now(attempt, then);
}

}  // namespace jetway::ninep
