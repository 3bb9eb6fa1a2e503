#include "balance/health.h"

#include <algorithm>
#include <utility>

namespace jetway::balance {

Health::Change Health::went_well() {
    failures_ = 0;
    backoff_ = {};
    if (up_ || ++good_ < options_.healthy_after) {
        return Change::none;
    }
    up_ = true;
    return Change::back;
}

// `row`: how many failures it counts for.
Health::Change Health::failed(std::uint32_t row, base::Instant now) {
    failures_ = std::min(failures_ + row, options_.unhealthy_after);
    good_ = 0;
    backoff_ = backoff_ == base::Duration{} ? options_.probe_backoff : backoff_ * 2;
    backoff_ = std::min(backoff_, options_.probe_backoff_max);
    if (!probing_) {
        due_ = std::min(due_, now + backoff_);
    }
    if (!up_ || failures_ < options_.unhealthy_after) {
        return Change::none;
    }
    up_ = false;
    return Change::out;
}

Health::Change Health::on_success(base::Instant) {
    return up_ ? went_well() : Change::none;
}

Health::Change Health::on_failure(base::Instant now) {
    return up_ ? failed(1, now) : Change::none;
}

Health::Change Health::on_refused(base::Instant now) {
    return up_ ? failed(options_.unhealthy_after, now) : Change::none;
}

void Health::begin_probe(base::Instant now) {
    probing_ = true;
    due_ = now + options_.probe_timeout;
}

Health::Change Health::on_probe(bool good, base::Instant now) {
    if (!std::exchange(probing_, false)) {
        return Change::none;
    }
    due_ = base::never;
    const Change change = good ? went_well() : failed(1, now);
    // One that is coming back is asked again as soon as one that failed once.
    due_ = now + (backoff_ != base::Duration{} ? backoff_
                  : up_                        ? options_.probe_interval
                                               : options_.probe_backoff);
    return change;
}

Health::Change Health::on_deadline(base::Instant now) {
    return probing_ && now >= due_ ? on_probe(false, now) : Change::none;
}

}  // namespace jetway::balance
