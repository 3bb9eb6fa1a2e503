// Questions: what a program asked and has no answer to yet: each with a number, a deadline and
// whoever waits for it. It keeps no time and sends nothing; it is told what came, and when.
//
// A question may be asked or forgotten from inside any of its calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "envelope/envelope.h"

namespace jetway::client {

// Called with an answer, or with the error that came instead. Returning true waits for more answers
// until the deadline (`@*`, traces); after `timeout` and `closed` it isn't called again.
using OnAnswer = std::function<bool(const base::Result<envelope::EnvelopeView>&)>;

// What an error envelope says, as an Error: the detail ends in the machine that refused.
base::Error error_of(const envelope::EnvelopeView& view);

class Questions {
public:
    // The number that the next question will have. They are far above the small ones that a program
    // gives its own envelopes, whose answers are left to it.
    std::uint64_t next() const { return next_; }
    void add(base::Instant deadline, OnAnswer on_answer);
    void forget(std::uint64_t number);

    enum class Taken { no, yes, late };  // no: it answers none of ours
    Taken take(const envelope::EnvelopeView& view);

    // Those whose time is over are answered `timeout`.
    void on_deadline(base::Instant now);
    // The earliest; `never` when none is there.
    base::Instant deadline() const {
        return deadlines_.empty() ? base::never : deadlines_.begin()->first;
    }
    // All are answered with that error.
    void end(const base::Error& why);

    std::size_t size() const { return asked_.size(); }

private:
    static constexpr std::uint64_t first = std::uint64_t{1} << 40U;

    struct Asked {
        base::Instant deadline;
        std::shared_ptr<OnAnswer> on_answer;  // shared: it may be forgotten while it runs
    };

    std::unordered_map<std::uint64_t, Asked> asked_;
    std::set<std::pair<base::Instant, std::uint64_t>> deadlines_;
    std::uint64_t next_ = first;
};

}  // namespace jetway::client
