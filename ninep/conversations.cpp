#include "ninep/conversations.h"

#include <algorithm>
#include <vector>

#include "base/units.h"
#include "envelope/address.h"
#include "ninep/errors.h"
#include "ninep/lines.h"

namespace jetway::ninep {

namespace {

constexpr std::size_t most_headers = 64;
constexpr std::size_t longest_header = 4'096;
constexpr base::Duration longest_timeout = std::chrono::hours(1);

}  // namespace

Conversation::~Conversation() {
    for (const AskId id : under_way_) {
        asks_.forget(id);
    }
}

std::string Conversation::remote() const {
    return settings_.machine.empty() ? service_
                                     : envelope::make_address(service_, settings_.machine);
}

base::Result<void> Conversation::apply(Settings& settings, std::string_view line) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string_view verb = line.substr(0, blank);
    const std::string_view rest = line.substr(std::min(blank + 1, line.size()));
    if (verb == "header") {
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos || equals == 0 || rest.size() > longest_header) {
            return refused_line(line, "expected `header KEY=VALUE`");
        }
        if (settings.headers.size() >= most_headers) {
            return refused_line(line, "a conversation has at most 64 headers");
        }
        settings.headers.insert_or_assign(std::string(rest.substr(0, equals)),
                                          std::string(rest.substr(equals + 1)));
    } else if (verb == "replyTo") {
        if (!envelope::valid_address(rest) || envelope::split_address(rest).everywhere()) {
            return refused_line(line, "expected `replyTo SERVICE` or `replyTo SERVICE@MACHINE`");
        }
        settings.reply_to = rest;
    } else if (verb == "machine") {
        if (!envelope::valid_name(rest)) {
            return refused_line(line, "expected `machine NAME`");
        }
        settings.machine = rest;
    } else if (verb == "timeout") {
        const base::Result<base::Duration> timeout = base::parse_duration(rest);
        if (!timeout) {
            return refused_line(line, timeout.error().detail);
        }
        if (*timeout <= base::Duration::zero() || *timeout > longest_timeout) {
            return refused_line(line, "a timeout is above 0 and at most 1h");
        }
        settings.timeout = *timeout;
    } else {
        return refused_line(line, "expected header, replyTo, timeout or machine");
    }
    return {};
}

base::Result<void> Conversation::command(std::string_view lines) {
    Settings fresh = settings_;
    while (!lines.empty()) {
        const std::string_view line = take_line(lines);
        if (!line.empty()) {
            if (base::Result<void> done = apply(fresh, line); !done) {
                return done;
            }
        }
    }
    settings_ = std::move(fresh);
    return {};
}

std::string Conversation::settings() const {
    std::string text;
    for (const auto& [key, value] : settings_.headers) {
        text += "header " + key + '=' + value + '\n';
    }
    if (!settings_.reply_to.empty()) {
        text += "replyTo " + settings_.reply_to + '\n';
    }
    if (!settings_.machine.empty()) {
        text += "machine " + settings_.machine + '\n';
    }
    return text + "timeout " + base::format_duration(settings_.timeout) + '\n';
}

std::string Conversation::status() const {
    return "sent " + std::to_string(sent_) + "\nanswered " + std::to_string(received_) +
           "\nwaiting " + std::to_string(under_way_.size()) + "\nunread " +
           std::to_string(answers_.size()) + '\n';
}

base::Result<void> Conversation::ask(base::Bytes data, base::Instant now) {
    if (under_way_.size() + answers_.size() >= most_asked || unread_ > most_unread) {
        return error("EAGAIN", "too many answers of this conversation wait to be read");
    }
    Question question{remote(), std::move(data), settings_.headers, settings_.reply_to,
                      settings_.timeout};
    if (!settings_.reply_to.empty()) {
        ++sent_;
        return asks_.tell(question);  // the answer goes there
    }
    // The id is known only when it was sent, and the answer may come no earlier than after that.
    const auto id = std::make_shared<AskId>(0);
    const base::Result<AskId> asked = asks_.ask(
        question, now,
        [this, id](base::Result<base::Bytes> answer) { answered(*id, std::move(answer)); });
    if (!asked) {
        return asked.error();
    }
    ++sent_;
    *id = *asked;
    under_way_.insert(*id);
    return {};
}

void Conversation::answered(AskId id, base::Result<base::Bytes> answer) {
    under_way_.erase(id);
    ++received_;
    unread_ += answer ? answer->size() : 0;
    answers_.push_back(std::move(answer));
    watchers_.wake();
}

std::optional<Conversation::Answer> Conversation::take(std::size_t bytes) {
    if (answers_.empty()) {
        return std::nullopt;
    }
    base::Result<base::Bytes>& first = answers_.front();
    if (first && first->size() > bytes) {
        const auto end = first->begin() + static_cast<std::ptrdiff_t>(bytes);
        base::Bytes part(first->begin(), end);
        first->erase(first->begin(), end);
        unread_ -= bytes;
        return Answer{std::move(part)};
    }
    Answer whole{std::move(first)};
    unread_ -= whole.data ? whole.data->size() : 0;
    answers_.pop_front();
    return whole;
}

std::shared_ptr<Conversation> Conversations::make(const std::string& service) {
    if (all_.size() >= most) {
        return nullptr;
    }
    const std::shared_ptr<Conversation> conversation(new Conversation(next_++, service, asks_),
                                                     [this](Conversation* gone) {
                                                         all_.erase(gone->number());
                                                         delete gone;
                                                     });
    all_.emplace(conversation->number(), conversation);
    return conversation;
}

std::shared_ptr<Conversation> Conversations::find(std::string_view service,
                                                  std::string_view number) {
    const base::Result<std::uint64_t> value = base::parse_count(number);
    if (!value || number != std::to_string(*value)) {
        return nullptr;
    }
    const auto found = all_.find(*value);
    std::shared_ptr<Conversation> conversation =
        found != all_.end() ? found->second.lock() : nullptr;
    return conversation != nullptr && conversation->service() == service ? conversation : nullptr;
}

std::vector<std::string> Conversations::numbers(std::string_view service) const {
    std::vector<std::string> numbers;
    for (const auto& [number, weak] : all_) {
        const std::shared_ptr<Conversation> conversation = weak.lock();
        if (conversation != nullptr && conversation->service() == service) {
            numbers.push_back(std::to_string(number));
        }
    }
    return numbers;
}

}  // namespace jetway::ninep
