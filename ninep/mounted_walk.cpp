#include "ninep/mounted_walk.h"

#include <utility>

namespace jetway::ninep {

Stroll::Stroll(std::shared_ptr<Place> from, File::Names names, Reply<Walked> reply)
    : start_(std::move(from)), at_(start_), names_(std::move(names)), reply_(std::move(reply)) {}

void Stroll::move(std::shared_ptr<Place> to) {
    if (at_ != start_) {
        at_->close();
    }
    at_ = std::move(to);
}

void Stroll::answer(std::unique_ptr<File> file) {
    if (file == nullptr && at_ != start_) {
        at_->close();
    }
    reply_(Walked{std::move(qids_), std::move(file)});
}

void Stroll::fail(const base::Error& why) {
    if (!qids_.empty() && (why.code == "ENOENT" || why.code == "ENOTDIR")) {
        return answer(nullptr);  // as far as it was found
    }
    if (at_ != start_) {
        at_->close();
    }
    reply_(why);
}

void Stroll::go() {
    if (next_ < names_.size() && names_[next_] == "..") {
        return go_up();
    }
    File::Names run;
    while (next_ < names_.size() && names_[next_] != "..") {
        run.push_back(names_[next_++]);
    }
    if (run.empty() && !names_.empty()) {
        return answer(std::make_unique<MountedFile>(at_));
    }
    const std::shared_ptr<Place> to = at_->child(run);
    const Place::AttemptPtr attempt = to->attempt();
    attempt->on_cancel = [reply = reply_] { reply(error("EINTR")); };
    reply_.on_flush([to, weak = std::weak_ptr<Place::Attempt>(attempt)] {
        if (const Place::AttemptPtr still = weak.lock()) {
            to->cancel(still);
        }
    });
    to->bind(attempt, [self = shared_from_this(), to, attempt](const base::Result<Done>& bound) {
        attempt->on_cancel = nullptr;  // it is answered from here on
        self->take(to, bound);
    });
}

void Stroll::take(const std::shared_ptr<Place>& to, const base::Result<Done>& bound) {
    if (!reply_.wanted() || !bound) {
        to->close();
        return fail(bound ? error("EINTR") : bound.error());
    }
    for (std::size_t i = to->from; i < to->qids.size(); ++i) {
        qids_.push_back(to->qids[i]);
    }
    if (!to->is_bound()) {
        to->close();
        return qids_.empty() ? fail(error("ENOENT")) : answer(nullptr);
    }
    move(to);
    if (next_ < names_.size()) {
        return go();
    }
    answer(std::make_unique<MountedFile>(at_));
}

void Stroll::go_up() {
    if (!at_->qid().is_directory()) {
        return fail(error("ENOTDIR"));
    }
    ++next_;
    if (!at_->path.empty()) {
        move(at_->ancestor(at_->path.size() - 1));
        qids_.push_back(at_->qid());
        return next_ < names_.size() ? go() : answer(std::make_unique<MountedFile>(at_));
    }
    std::unique_ptr<File> above = at_->parent();
    if (above == nullptr) {
        return fail(error("EIDRM"));
    }
    qids_.push_back(above->qid());
    if (next_ == names_.size()) {
        move(start_);
        return answer(std::move(above));
    }
    const std::shared_ptr<File> from = std::move(above);
    const File::Names rest(names_.begin() + static_cast<std::ptrdiff_t>(next_), names_.end());
    from->walk(rest, Reply<Walked>(reply_.pending(), [self = shared_from_this(),
                                                      from](base::Result<Walked> walked) {
                   if (!walked) {
                       return self->fail(walked.error());
                   }
                   self->qids_.insert(self->qids_.end(), walked->qids.begin(), walked->qids.end());
                   self->move(self->start_);
                   self->answer(std::move(walked->file));
               }));
}

Instance::Asked rename_in_linux(const std::shared_ptr<Place>& place, Fid fid,
                                const Changes& changes, const Instance::Then<Done>& then) {
    const std::shared_ptr<Backend> backend = place->backend();
    const File::Names above(place->path.begin(), place->path.end() - 1);
    const auto rename = [backend, fid, above, changes,
                         then](const base::Result<Instance::Root>& root) {
        Instance* instance = backend->instance();
        if (!root || instance == nullptr) {
            return then(root ? error("EIO") : root.error());
        }
        instance->walk(root->fid, above,
                       [backend, fid, changes, then](const base::Result<Instance::Found>& found) {
                           Instance* at = backend->instance();
                           if (!found || found->fid == no_fid || at == nullptr) {
                               return then(found ? error("ENOENT") : found.error());
                           }
                           at->rename(fid, found->fid, changes.name, then);
                           at->clunk(found->fid, [](const base::Result<Done>&) {});
                       });
    };
    Changes others = changes;
    others.name_set = false;
    const bool more = others.mode_set || others.gid_set || others.length_set ||
                      others.accessed_set || others.modified_set;
    if (!more) {
        backend->root(place->attacher, rename);
        return nullptr;
    }
    return backend->instance()->change(
        fid, others, [backend, place, rename, then](const base::Result<Done>& done) {
            if (!done) {
                return then(done.error());
            }
            backend->root(place->attacher, rename);
        });
}

}  // namespace jetway::ninep
