// The part of Session that keeps its fids: which File each stands for, while it is made, used and
// let go.
#include "ninep/call.h"
#include "ninep/session.h"

namespace jetway::ninep {

File* Session::file_of(Fid fid) {
    FidState* state = state_of(fid);
    return state != nullptr ? state->file.get() : nullptr;
}

Session::FidState* Session::state_of(Fid fid) {
    const auto found = fids_.find(fid);
    return found != fids_.end() ? &found->second : nullptr;
}

bool Session::reserve(const CallPtr& call, Fid fid) {
    if (fid == no_fid || fids_.find(fid) != fids_.end()) {
        answer(call, error("EBADF", "fid already in use"));
        return false;
    }
    if (fids_.size() >= limits_.fids) {
        ++counters_.refused;
        answer(call, error("ENOMEM", "too many fids on this connection"));
        return false;
    }
    fids_[fid].current = call;
    call->reserved = fid;
    return true;
}

void Session::settle(Fid fid, std::unique_ptr<File> file) {
    FidState& state = fids_[fid];
    if (state.file != nullptr) {
        end_calls_of(fid);
        bury(std::move(state.file));
    }
    state.file = std::move(file);
    state.directory = {};
}

void Session::bury(std::unique_ptr<File> file) {
    if (file != nullptr) {
        buried_.push_back(std::move(file));
    }
}

// The fid is free; what still waited for it is refused.
void Session::bury(Fid fid) {
    const auto found = fids_.find(fid);
    if (found == fids_.end()) {
        return;
    }
    bury(std::move(found->second.file));
    const std::deque<CallPtr> waiting = std::move(found->second.waiting);
    fids_.erase(found);
    for (const CallPtr& call : waiting) {
        call->bytes.clear();
        answer(call, error("EBADF"));
    }
}

// Requests of the fid that parked end before it goes.
void Session::end_calls_of(Fid fid) {
    const std::vector<CallPtr> parked = std::exchange(fids_[fid].parked, {});
    for (const CallPtr& call : parked) {
        const std::function<void()> flush = call->take_flush();
        answer(call, error("EINTR"));
        if (flush) {
            flush();
        }
    }
}

}  // namespace jetway::ninep
