// InFlight: requests that went to a service whose policy is `least-conn`, until their answers pass
// back here. A request is known by where its answer goes and by its `id`.
//
// An answer that goes another way, or never comes, ends with request_timeout. At most 65,536 are
// counted at once; what is past that isn't, so that a choice may be less good, and nothing else.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/time.h"
#include "router/service_balance.h"

namespace jetway::router {

class InFlight {
public:
    static constexpr std::size_t most = 65'536;

    // A request went to an instance on `machine`, by `terminal` when that is here (else 0). One
    // that is in flight already went elsewhere before.
    void began(std::string_view answer_to, base::ByteView id,
               const std::shared_ptr<ServiceBalance>& service, std::string_view machine,
               terminal::TerminalId terminal, base::Instant expires);
    // An answer to `in_reply_to` goes to `destination`. Whether it is one of those it finds out.
    void ended(std::string_view destination, base::ByteView in_reply_to);
    void on_deadline(base::Instant now);
    base::Instant next_deadline() const {
        return requests_.empty() ? base::never : requests_.front().expires;
    }

    bool empty() const { return requests_.empty(); }
    std::size_t size() const { return requests_.size(); }
    std::uint64_t uncounted() const { return uncounted_; }  // since the start

private:
    struct Request {
        std::string key;
        std::shared_ptr<ServiceBalance> service;
        std::string machine;
        terminal::TerminalId terminal = 0;
        base::Instant expires{};
    };
    using Requests = std::list<Request>;
    static std::string key_of(std::string_view answer_to, base::ByteView id);
    void end(Requests::iterator request);

    Requests requests_;  // in the order in which they expire
    std::unordered_map<std::string_view, Requests::iterator> by_key_;  // into `key`
    std::uint64_t uncounted_ = 0;
};

}  // namespace jetway::router
