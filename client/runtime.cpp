#include "client/runtime.h"

#include <algorithm>

namespace jetway::client {

namespace {

constexpr base::Duration longest_turn = std::chrono::seconds(60);

}  // namespace

Runtime::Runtime() : next_turn_(loop_, [] {}) {
    loop_.on_turn_end([this] { end_turn(); });
}

Runtime::~Runtime() {
    loop_.on_turn_end({});
}

base::Instant Runtime::now() {
    loop_.update();
    return loop_.now();
}

bool Runtime::wait_until(const std::function<bool()>& condition, base::Instant deadline) {
    while (!condition()) {
        const base::Instant moment = now();
        if (moment >= deadline) {
            return false;
        }
        loop_.run_once(deadline == base::never ? longest_turn
                                               : std::min(longest_turn, deadline - moment));
    }
    return true;
}

void Runtime::at_turn_end(TurnEnd& who) {
    waiting_.push_back(&who);
}

void Runtime::cancel(TurnEnd& who) {
    std::replace(waiting_.begin(), waiting_.end(), &who, static_cast<TurnEnd*>(nullptr));
    std::replace(ending_.begin(), ending_.end(), &who, static_cast<TurnEnd*>(nullptr));
}

void Runtime::end_turn() {
    ending_.swap(waiting_);
    // By index and cleared after: on_turn_end may cancel any of them.
    for (std::size_t i = 0; i < ending_.size(); ++i) {
        if (TurnEnd* who = ending_[i]) {
            who->on_turn_end();
        }
    }
    ending_.clear();
    if (!waiting_.empty()) {
        next_turn_.set(loop_.now());
    }
}

}  // namespace jetway::client
