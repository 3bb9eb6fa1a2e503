#include "ninep/long_walk.h"

#include <algorithm>
#include <utility>

namespace jetway::ninep {

LongWalk::LongWalk(Instance& instance, Instance::Asked asked, Fid from, File::Names names,
                   Instance::Then<Instance::Found> then)
    : instance_(instance),
      asked_(std::move(asked)),
      from_(from),
      names_(std::move(names)),
      then_(std::move(then)) {}

void LongWalk::step() {
    Message request = request_of(Type::twalk, found_.fid);
    request.newfid = found_.fid;
    if (found_.fid == no_fid) {
        if (asked_->cancelled) {
            return then_(error("EINTR"));
        }
        const base::Result<Fid> made = instance_.new_fid();
        if (!made) {
            return then_(made.error());
        }
        request.fid = from_;
        request.newfid = *made;
    }
    const std::size_t done = found_.qids.size();
    const std::size_t count = std::min(names_.size() - done, most_names);
    for (std::size_t i = 0; i < count; ++i) {
        request.names.push_back(names_[done + i]);
    }
    const auto answered = [self = shared_from_this(), made = request.newfid,
                           count](const base::Result<const Message*>& answer) {
        self->take(made, count, answer);
    };
    if (asked_->cancelled) {
        return answered(base::Result<const Message*>(error("EINTR")));
    }
    asked_->ticket = instance_.exchange_.ask(request, answered);
}

void LongWalk::take(Fid made, std::size_t count, const base::Result<const Message*>& answer) {
    if (found_.fid != no_fid && (!answer || (*answer)->qids.count < count)) {
        instance_.clunk_quietly(made);
    }
    if (!answer) {
        return fail(answer.error());
    }
    for (const Qid& qid : (*answer)->qids) {
        found_.qids.push_back(qid);
    }
    if ((*answer)->qids.count < count) {
        found_.fid = no_fid;
        return found_.qids.empty() ? then_(error("ENOENT")) : then_(std::move(found_));
    }
    found_.fid = made;
    if (found_.qids.size() < names_.size()) {
        return step();
    }
    then_(std::move(found_));
}

// Behind the first step an error that the server said means that a later name isn't there.
void LongWalk::fail(const base::Error& why) {
    const bool said = !is_of_connection(why) && why.code != "EINTR" && why.code != "ETIMEDOUT";
    if (found_.fid == no_fid || !said) {
        return then_(why);
    }
    found_.fid = no_fid;
    then_(std::move(found_));
}

}  // namespace jetway::ninep
