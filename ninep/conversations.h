// Conversations: the numbered directories below an envelope service, made by opening its `clone`.
// One has its own settings, questions under way and answers that came; it goes with its last open
// file (service_files.h).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "ninep/asks.h"
#include "ninep/watchers.h"

namespace jetway::ninep {

class Conversation {
public:
    static constexpr std::size_t most_asked = 1'024;        // under way or unread
    static constexpr std::size_t most_unread = 16U << 20U;  // bytes of answers nobody has read

    Conversation(std::uint64_t number, std::string service, Asks& asks)
        : number_(number), service_(std::move(service)), asks_(asks) {}
    ~Conversation();
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    std::uint64_t number() const { return number_; }
    const std::string& service() const { return service_; }
    // `service`, or `service@machine`.
    std::string remote() const;

    // header k=v, replyTo ADDRESS, timeout 5s, machine NAME. All lines are done, or none.
    base::Result<void> command(std::string_view lines);
    std::string settings() const;  // as commands
    std::string status() const;

    // Errors: EAGAIN, too much is under way or unread; those of Asks.
    base::Result<void> ask(base::Bytes data, base::Instant now);
    // The next answer, or the rest of it. Nothing: none has come.
    struct Answer {
        base::Result<base::Bytes> data;
    };
    std::optional<Answer> take(std::size_t bytes);
    // Nothing has been asked that isn't answered and read.
    bool idle() const { return under_way_.empty() && answers_.empty(); }
    // Who wants to know when an answer has come. The number ends it.
    std::uint64_t watch(std::function<void()> woken) { return watchers_.add(std::move(woken)); }
    void unwatch(std::uint64_t watcher) { watchers_.remove(watcher); }

private:
    struct Settings {
        std::map<std::string, std::string> headers;
        std::string reply_to;
        std::string machine;
        base::Duration timeout = std::chrono::seconds(30);
    };
    static base::Result<void> apply(Settings& settings, std::string_view line);
    void answered(AskId id, base::Result<base::Bytes> answer);

    std::uint64_t number_;
    std::string service_;
    Asks& asks_;
    Settings settings_;
    std::set<AskId> under_way_;
    std::deque<base::Result<base::Bytes>> answers_;
    std::size_t unread_ = 0;  // bytes of them
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    Watchers watchers_;
};

class Conversations {
public:
    static constexpr std::size_t most = 65'536;

    explicit Conversations(Asks& asks) : asks_(asks) {}

    // A new one, kept as long as somebody holds it, which is not longer than this is there. Null:
    // there are too many.
    std::shared_ptr<Conversation> make(const std::string& service);
    // Null: there is none, or no more.
    std::shared_ptr<Conversation> find(std::string_view service, std::string_view number);
    // In order.
    std::vector<std::string> numbers(std::string_view service) const;
    std::size_t size() const { return all_.size(); }

private:
    Asks& asks_;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, std::weak_ptr<Conversation>> all_;
};

}  // namespace jetway::ninep
