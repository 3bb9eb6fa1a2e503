// Asks: what the files under /svc ask services by envelope, each until it is answered.
//
//     ask() --send--> envelope with an id of ours, replyTo us --on_envelope(inReplyTo)--> the
//     answer
//       |                                                     --on_deadline-------------> ETIMEDOUT
//       +-- forget(): nobody waits any more; what still comes is counted and dropped
//
// The number of those under way is bounded. How envelopes travel is for whoever gives `send`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "envelope/envelope.h"

namespace jetway::ninep {

using AskId = std::uint64_t;

// What is asked, and how.
struct Question {
    std::string destination;
    base::Bytes data;                            // goes as msgpack bin
    std::map<std::string, std::string> headers;  // may be empty
    std::string reply_to;                        // empty: us. Otherwise no answer comes here
    base::Duration timeout = std::chrono::seconds(30);
};

class Asks {
public:
    static constexpr std::size_t most = 65'536;  // under way

    // The bytes of a str or bin, the JSON of anything else; an error has the code and the message
    // of an error envelope, as its detail "no-route: …", or is ETIMEDOUT.
    using OnAnswer = std::function<void(base::Result<base::Bytes>)>;
    using Send = std::function<base::Result<void>(const envelope::EnvelopeFields&)>;

    // `send` hands an envelope, without a source, to the router.
    explicit Asks(Send send) : send_(std::move(send)) {}

    // `on_answer` is called once, not before this returns, unless it is forgotten. Errors: EAGAIN,
    // too many are under way; those of `send`.
    base::Result<AskId> ask(const Question& question, base::Instant now, OnAnswer on_answer);
    // Without an answer. Errors: those of `send`.
    base::Result<void> tell(const Question& question);
    void forget(AskId id);

    // An envelope came to us.
    void on_envelope(const envelope::EnvelopeView& envelope);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const;

    std::size_t under_way() const { return asked_.size(); }
    std::uint64_t unclaimed() const { return unclaimed_; }  // envelopes nobody waited for

private:
    struct Asked {
        base::Instant due;
        OnAnswer on_answer;
    };
    base::Result<void> send(const Question& question, std::optional<AskId> id);
    void give(AskId id, base::Result<base::Bytes> answer);

    Send send_;
    AskId next_ = 1;
    std::unordered_map<AskId, Asked> asked_;
    std::set<std::pair<base::Instant, AskId>> due_;
    std::uint64_t unclaimed_ = 0;
};

}  // namespace jetway::ninep
