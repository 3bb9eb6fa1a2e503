#include "client/questions.h"

#include "envelope/cursor.h"

namespace jetway::client {

using envelope::EnvelopeView;

base::Error error_of(const EnvelopeView& view) {
    const envelope::ErrorFields fields = envelope::read_error(view.error);
    base::Error error{fields.code.empty() ? "error" : fields.code, fields.message};
    if (!fields.at.empty()) {
        error.detail += (error.detail.empty() ? "at " : " (at ") + fields.at +
                        (error.detail.empty() ? "" : ")");
    }
    return error;
}

void Questions::add(base::Instant deadline, OnAnswer on_answer) {
    asked_.emplace(next_, Asked{deadline, std::make_shared<OnAnswer>(std::move(on_answer))});
    deadlines_.emplace(deadline, next_);
    ++next_;
}

void Questions::forget(std::uint64_t number) {
    const auto found = asked_.find(number);
    if (found != asked_.end()) {
        deadlines_.erase({found->second.deadline, number});
        asked_.erase(found);
    }
}

Questions::Taken Questions::take(const EnvelopeView& view) {
    envelope::Cursor cursor(view.in_reply_to);
    std::uint64_t number = 0;
    if (!cursor.read_unsigned(number) || !cursor.at_end() || number < first || number >= next_) {
        return Taken::no;
    }
    const auto found = asked_.find(number);
    if (found == asked_.end()) {
        return Taken::late;
    }
    const std::shared_ptr<OnAnswer> on_answer = found->second.on_answer;
    const bool more = view.error.empty() ? (*on_answer)(base::Result<EnvelopeView>(view))
                                         : (*on_answer)(base::Result<EnvelopeView>(error_of(view)));
    if (!more) {
        forget(number);
    }
    return Taken::yes;
}

void Questions::on_deadline(base::Instant now) {
    while (deadline() <= now && !deadlines_.empty()) {
        const std::uint64_t number = deadlines_.begin()->second;
        const std::shared_ptr<OnAnswer> on_answer = asked_.at(number).on_answer;
        forget(number);
        (*on_answer)(base::Result<EnvelopeView>(base::Error{"timeout", "no answer in time"}));
    }
}

void Questions::end(const base::Error& why) {
    const auto asked = std::exchange(asked_, {});
    deadlines_.clear();
    for (const auto& [number, one] : asked) {
        (*one.on_answer)(base::Result<EnvelopeView>(why));
    }
}

}  // namespace jetway::client
