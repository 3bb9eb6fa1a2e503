// Trace: the steps of `trace`, as a machine that is fed answers: which way an envelope takes there,
// which way its answer takes back, and why, hop by hop. Nothing reaches the service unless
// `deliver`.
//
//   request `trace` at the first router ─► every router on the way reports ─► its `explain` says
//   why
//     ─► the same from where that ended, to where the answer goes
//
// The routers' reports say what each did and how long it had the frame; why it went that way and
// how much waited for that terminal is asked of each right afterwards. A hop whose router didn't
// report is a row of its own (`reported: false`), named as far as the hop before it knows.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "envelope/json.h"

namespace jetway::console {

class Trace {
public:
    struct Options {
        std::string destination;
        std::string from;      // the machine where it begins
        std::string reply_to;  // where the answer goes; empty: to `asker`
        std::string asker;     // the address that reports and answers come to
        bool deliver = false;  // the service gets an envelope, too
        base::Duration timeout = std::chrono::seconds(2);  // of each step
        envelope::Json data = {};                          // of the envelope that is delivered
    };

    Trace(Options options, base::Instant now);

    // An envelope to be sent now.
    struct Request {
        std::uint64_t id = 0;  // that its answers bear; 0: none is waited for
        std::string to;
        std::string reply_to;  // empty: the asker
        bool traced = false;   // with the flag TRACE
        envelope::Json data;
    };
    std::vector<Request> take_requests();

    // What came in answer to request `id`; there may be several. Others are ignored.
    void on_answer(std::uint64_t id, std::string_view source, const envelope::Json& data,
                   base::Instant now);
    void on_error(std::uint64_t id, const std::string& code, const std::string& message,
                  const std::string& at, base::Instant now);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const { return deadline_; }
    bool done() const { return step_ == Step::done; }

    // The whole, schema jetway.trace/1.
    envelope::Json json() const;

private:
    struct Hop {
        bool reported = true;
        std::string machine;
        std::string in;
        std::string out;
        std::string reason;  // `forwarded`, `delivered`
        std::uint64_t hops_left = 0;
        std::uint64_t microseconds = 0;  // that the router had it
        std::uint64_t after = 0;         // from our request to its report, µs
        std::string neighbour;           // where `out` leads
        std::string why;
        std::optional<std::uint64_t> queued;  // bytes; none: not known
    };
    struct Leg {
        std::string from;
        std::string destination;
        std::string outcome;  // delivered, refused, silent
        std::string code;     // refused: why
        std::string message;
        std::string at;
        base::Instant started{};
        std::uint64_t microseconds = 0;         // from our request to the last hop's report
        std::optional<std::uint64_t> answered;  // the service's answer came so long after, µs
        std::vector<Hop> hops;                  // in the order of the way
        std::map<std::uint64_t, std::size_t> explains;  // the hop that each request is about
    };
    enum class Step { way, missing, answer, why_first, why_others, done };

    void begin_leg(std::string from, std::string destination, bool deliver, base::Instant now);
    void add_report(const envelope::Json& report, base::Instant now);
    bool whole() const;
    void end_way(std::string outcome, base::Instant now);
    void ask_why(std::size_t hop, const std::string& destination);
    void explain(Hop& hop, const envelope::Json& answer, bool first);
    void go_on(base::Instant now);
    void mark_gaps();
    void wait(Step step, base::Duration longest, base::Instant now);
    std::uint64_t request(std::string to, envelope::Json data);

    Options options_;
    std::vector<Leg> legs_;
    std::vector<Request> requests_;
    Step step_ = Step::way;
    base::Instant deadline_ = base::never;
    std::uint64_t last_id_ = 0;
    std::uint64_t way_id_ = 0;  // of the request whose reports are waited for
};

// The table of each leg, and where it ended.
std::string trace_text(const envelope::Json& trace, bool colour);

}  // namespace jetway::console
