// Health: whether one instance may be chosen, by what became of requests and probes.
//
//             unhealthy_after failures in a row, or refused
//   ┌── up ──────────────────────────────────────────────────► out ──┐
//   │ probe every probe_interval                 probe with backoff  │
//   └─── ◄────────────────────────────────────────────────────────── ┘
//             healthy_after good probes in a row
//
// Requests and probes count alike while it is up: one that went well ends a row of failures.
// While it is out only probes count, since nobody sends it anything else. A failure makes the next
// probe come soon, so that a dead one is out before the next probe_interval.
//
// It promises to be due whenever a probe should begin, and to judge one that isn't answered within
// probe_timeout. To make the probe, and to find out how requests fare, is left to its owner.
#pragma once

#include "balance/options.h"
#include "base/time.h"

namespace jetway::balance {

class Health {
public:
    enum class Change { none, out, back };  // what a call made of it

    // Starts up, with a first probe due at once.
    Health(const Options& options, base::Instant now) : options_(options), due_(now) {}

    bool usable() const { return up_; }

    Change on_success(base::Instant now);  // a request was answered
    Change on_failure(base::Instant now);  // a request was not, by the instance's fault
    Change on_refused(base::Instant now);  // its connection was: nobody is there

    // Whether a probe should begin. It then begins with begin_probe, and ends with on_probe or, by
    // on_deadline, unanswered.
    bool probe_due(base::Instant now) const { return !probing_ && now >= due_; }
    void begin_probe(base::Instant now);
    // How a probe ended; one that had been given up is no longer of interest.
    Change on_probe(bool good, base::Instant now);
    Change on_deadline(base::Instant now);
    // When a probe should begin, or is given up.
    base::Instant next_deadline() const { return due_; }

    void set_options(const Options& options) { options_ = options; }

private:
    Change failed(std::uint32_t row, base::Instant now);
    Change went_well();

    Options options_;
    bool up_ = true;
    bool probing_ = false;
    std::uint32_t failures_ = 0;  // in a row
    std::uint32_t good_ = 0;      // probes in a row, while out
    base::Duration backoff_{};    // before the next probe; zero: none failed of late
    base::Instant due_;
};

}  // namespace jetway::balance
