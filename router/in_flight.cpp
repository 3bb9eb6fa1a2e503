#include "router/in_flight.h"

#include <algorithm>

namespace jetway::router {

// No address holds a blank.
std::string InFlight::key_of(std::string_view answer_to, base::ByteView id) {
    std::string key(answer_to);
    key += ' ';
    key += base::as_text(id);
    return key;
}

void InFlight::end(Requests::iterator request) {
    request->service->loads.remove(request->machine, request->terminal);
    by_key_.erase(request->key);
    requests_.erase(request);
}

void InFlight::began(std::string_view answer_to, base::ByteView id,
                     const std::shared_ptr<ServiceBalance>& service, std::string_view machine,
                     terminal::TerminalId terminal, base::Instant expires) {
    std::string key = key_of(answer_to, id);
    const auto before = by_key_.find(key);
    if (before != by_key_.end()) {
        end(before->second);
    }
    if (requests_.size() >= most) {
        ++uncounted_;
        return;
    }
    // A shorter request_timeout, after a reload, begins with those that come after it.
    expires = requests_.empty() ? expires : std::max(expires, requests_.back().expires);
    requests_.push_back({.key = std::move(key),
                         .service = service,
                         .machine = std::string(machine),
                         .terminal = terminal,
                         .expires = expires});
    by_key_.emplace(requests_.back().key, std::prev(requests_.end()));
    service->loads.add(requests_.back().machine, terminal);
}

void InFlight::ended(std::string_view destination, base::ByteView in_reply_to) {
    const auto found = by_key_.find(key_of(destination, in_reply_to));
    if (found != by_key_.end()) {
        end(found->second);
    }
}

void InFlight::on_deadline(base::Instant now) {
    while (!requests_.empty() && requests_.front().expires <= now) {
        end(requests_.begin());
    }
}

}  // namespace jetway::router
