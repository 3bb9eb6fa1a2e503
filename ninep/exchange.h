// Exchange: requests and answers on one connection to a 9P server, as a state machine: bytes in,
// bytes out, deadlines. What the requests are about is for others (instance.h).
//
//     greeting --Rversion--> ready --> ended, why() says why
//        |  9P2000.L was refused: 9P2000 is offered
//
//     a request:  asked --answer--> done
//                   |--cancelled, or its deadline: flushed--> answered with what came before
//                   Rflush, |                                         EINTR or ETIMEDOUT
//                   +--no Rflush by then: answered; its tag stays taken until the server lets go
//
// Promises: every request is answered once, by its deadline. Each answer is checked before anybody
// sees it: it is whole, somebody waits for it, it is of the type that was asked, and gives no more
// than was asked. A server that breaks that, or leaves too many flushes unanswered, or is silent
// over a request and its flush, ends the exchange. What is asked, queued and abandoned is bounded.
//
// Errors of requests: what the server said (errors.h); EINTR, cancelled; ETIMEDOUT; when the
// exchange ended, `not-sent` if no byte of it had left, else `unanswered`. A request that is over a
// bound is `not-sent` at once.
//
// An Answer may ask and cancel, and must not destroy the Exchange.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "ninep/answers.h"
#include "ninep/message.h"

namespace jetway::ninep {

// The connection, and not the server, says so.
inline bool is_of_connection(const base::Error& why) {
    return why.code == "not-sent" || why.code == "unanswered";
}

struct ExchangeOptions {
    std::uint32_t msize = 128U << 10U;                          // offered; 256 to 1 MiB
    bool offer_linux = true;                                    // 9P2000.L first
    base::Duration request_timeout = std::chrono::seconds(30);  // max(): none
    base::Duration flush_timeout = std::chrono::seconds(5);
    base::Duration greeting_timeout = std::chrono::seconds(5);  // of each Tversion
    std::size_t requests = 1024;                                // not answered yet; at most 16,384
    std::size_t abandoned = 256;                                // of which the server keeps the tag
    std::size_t output = 4U << 20U;                             // bytes that have not left
};

class Exchange {
public:
    enum class State { greeting, ready, ended };

    // The message is good during the call; nullptr never.
    using Answer = std::function<void(base::Result<const Message*>)>;
    // What became of a fid that a request makes or ends (an attach, a walk, a clunk …): whether the
    // server has it now, and whether anybody still waits for the answer, who is told right after.
    using OnFid = std::function<void(Fid fid, bool exists, bool awaited)>;

    // Names a request for as long as it isn't answered.
    using Ticket = std::uint64_t;

    // Offers a version at once.
    explicit Exchange(const ExchangeOptions& options);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    void on_ready(std::function<void()> callback) { on_ready_ = std::move(callback); }
    void on_fid(OnFid callback) { on_fid_ = std::move(callback); }

    // Needs State::ready, else `not-sent`. The tag is given here. `necessary`: a clunk, which is
    // asked past the bounds, since it is bounded by what was made. The answer may come within.
    Ticket ask(Message request, Answer answer, bool necessary = false);
    // Nothing once it is answered.
    void cancel(Ticket ticket);

    void on_bytes(base::ByteView bytes, base::Instant now);
    // The connection is gone; or, by the caller, is to go.
    void end(base::Error why);
    void on_deadline(base::Instant now);
    // At the end of a turn: requests of this turn are due from here on.
    void end_turn(base::Instant now);
    base::Instant next_deadline() const;

    bool has_output() const { return !out_.empty(); }
    // What is to be written now.
    base::Bytes take_output();

    State state() const { return state_; }
    const base::Error& why() const { return why_; }  // once ended
    Dialect dialect() const { return dialect_; }     // once ready, as msize
    std::uint32_t msize() const { return msize_; }
    std::size_t unanswered() const { return in_flight_; }

private:
    struct Slot {
        std::uint64_t serial = 0;  // 0: free
        Expected expected;
        bool flushing = false;    // a Tflush is on its way for it
        bool timed_out = false;   // that is why
        std::uint64_t start = 0;  // where it begins in all that was ever sent
        base::Instant since{};
        Answer answer;  // empty: answered, and abandoned
        Tag flush_of = no_tag;
        std::uint64_t flush_of_serial = 0;
    };
    struct Due {
        base::Instant at;
        Tag tag;
        std::uint64_t serial;
    };

    void offer(std::string_view version);
    bool on_message(base::ByteView whole);
    void on_version(base::ByteView whole);
    void on_answer(Tag tag, const Message& message);
    void on_flushed(const Slot& flush);
    Tag put(Message& request, Answer answer);
    void flush(Tag tag);
    void free(Tag tag);
    void tell_fid(const Slot& slot, bool exists);
    void give_up(Due due);
    Slot* slot_of(Tag tag, std::uint64_t serial);

    ExchangeOptions options_;
    State state_ = State::greeting;
    base::Error why_;
    Dialect dialect_ = Dialect::linux;
    std::uint32_t msize_ = 0;
    bool offered_linux_ = false;
    MessageReader reader_;
    base::Bytes out_;
    std::uint64_t taken_ = 0;  // bytes of output, ever
    std::vector<Slot> slots_;  // by tag
    std::vector<Tag> free_;
    std::uint64_t serial_ = 0;
    std::size_t in_flight_ = 0;
    std::size_t abandoned_ = 0;
    std::vector<Due> fresh_;   // asked in this turn
    std::deque<Due> due_;      // requests, in order
    std::deque<Due> flushes_;  // as well
    bool greeting_is_fresh_ = true;
    base::Instant greeting_due_ = base::never;
    base::Instant heard_{};
    std::function<void()> on_ready_;
    OnFid on_fid_;
};

}  // namespace jetway::ninep
