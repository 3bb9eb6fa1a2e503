#include "ninep/exchange.h"

#include <algorithm>
#include <utility>

#include "ninep/errors.h"

namespace jetway::ninep {

namespace {

constexpr std::string_view version_linux = "9P2000.L";
constexpr std::string_view version_plain = "9P2000";
constexpr std::uint32_t least_msize_of_servers = 256;
constexpr std::size_t most_tags = 0xffff;

base::Error broken(std::string what) {
    return {"malformed", std::move(what)};
}

base::Instant after(base::Instant now, base::Duration wait) {
    return wait >= base::never - now ? base::never : now + wait;
}

}  // namespace

Exchange::Exchange(const ExchangeOptions& options) : options_(options) {
    reader_.set_most(options_.msize);
    offer(options_.offer_linux ? version_linux : version_plain);
}

void Exchange::offer(std::string_view version) {
    offered_linux_ = version == version_linux;
    Message message;
    message.type = Type::tversion;
    message.tag = no_tag;
    message.msize = options_.msize;
    message.version = version;
    append_message(out_, message, Dialect::plain);
    greeting_is_fresh_ = true;
}

Exchange::Ticket Exchange::ask(Message request, Answer answer, bool necessary) {
    const char* why = nullptr;
    if (state_ != State::ready) {
        why = "there is no connection to the instance";
    } else if (!necessary && in_flight_ >= options_.requests) {
        why = "too many requests wait for the instance";
    } else if (!necessary && out_.size() + request.data.size() > options_.output) {
        why = "the instance doesn't take what it is sent";
    } else if (free_.empty() && slots_.size() >= most_tags) {
        why = "the instance keeps all tags";
    }
    if (why != nullptr) {
        const Fid fid = expected_of(request).fid;
        if (!ends_fid(request.type) && fid != no_fid && on_fid_) {
            on_fid_(fid, false, true);
        }
        answer(base::Error{"not-sent", why});
        return 0;
    }
    const Tag tag = put(request, std::move(answer));
    ++in_flight_;
    return (slots_[tag].serial << 16U) | tag;
}

Tag Exchange::put(Message& request, Answer answer) {
    Tag tag = 0;
    if (free_.empty()) {
        tag = static_cast<Tag>(slots_.size());
        slots_.emplace_back();
    } else {
        tag = free_.back();
        free_.pop_back();
    }
    Slot& slot = slots_[tag];
    slot.serial = ++serial_;
    slot.expected = expected_of(request);
    slot.start = taken_ + out_.size();
    slot.answer = std::move(answer);
    request.tag = tag;
    append_message(out_, request, dialect_);
    fresh_.push_back({base::never, tag, slot.serial});
    return tag;
}

void Exchange::cancel(Ticket ticket) {
    const Tag tag = static_cast<Tag>(ticket & 0xffffU);
    if (ticket != 0 && slot_of(tag, ticket >> 16U) != nullptr) {
        flush(tag);
    }
}

Exchange::Slot* Exchange::slot_of(Tag tag, std::uint64_t serial) {
    return tag < slots_.size() && slots_[tag].serial == serial && serial != 0 ? &slots_[tag]
                                                                              : nullptr;
}

void Exchange::flush(Tag tag) {
    if (slots_[tag].flushing || state_ != State::ready) {
        return;
    }
    if (free_.empty() && slots_.size() >= most_tags) {
        return end({"ETIMEDOUT", "the instance keeps all tags"});
    }
    slots_[tag].flushing = true;
    Message request;
    request.type = Type::tflush;
    request.oldtag = tag;
    const Tag own = put(request, {});
    slots_[own].flush_of = tag;
    slots_[own].flush_of_serial = slots_[tag].serial;
}

void Exchange::free(Tag tag) {
    slots_[tag] = Slot{};
    free_.push_back(tag);
}

void Exchange::on_bytes(base::ByteView bytes, base::Instant now) {
    if (state_ == State::ended) {
        return;
    }
    heard_ = bytes.empty() ? heard_ : now;
    const base::Result<void> fed =
        reader_.feed(bytes, [this](base::ByteView whole) { return on_message(whole); });
    if (!fed) {
        end(fed.error());
    }
}

bool Exchange::on_message(base::ByteView whole) {
    if (state_ == State::greeting) {
        on_version(whole);
        return state_ != State::ended;
    }
    // NFS-Ganesha's errors have Rerror's number, and otherwise are Rlerror's.
    base::Bytes lerror;
    if (dialect_ == Dialect::linux && whole[4] == static_cast<std::uint8_t>(Type::rerror) &&
        whole.size() == message_header + 4) {
        lerror.assign(whole.begin(), whole.end());
        lerror[4] = static_cast<std::uint8_t>(Type::rlerror);
        whole = lerror;
    }
    const base::Result<Message> message = read_message(whole, dialect_);
    if (!message) {
        end(message.error());
    } else if (is_request(message->type)) {
        end(broken(type_name(message->type) + " where an answer was due"));
    } else {
        on_answer(message->tag, *message);
    }
    return state_ != State::ended;
}

void Exchange::on_version(base::ByteView whole) {
    const bool in_linux = whole[4] == static_cast<std::uint8_t>(Type::rlerror);
    const base::Result<Message> message =
        read_message(whole, in_linux ? Dialect::linux : Dialect::plain);
    if (!message) {
        return end(message.error());
    }
    if (message->tag != no_tag || (message->type != Type::rversion && !is_error(*message))) {
        return end(broken(type_name(message->type) + " where Rversion was due"));
    }
    const std::string_view version = is_error(*message) ? "unknown" : message->version;
    const bool linux = offered_linux_ && version == version_linux;
    if (!linux && version != version_plain) {
        if (offered_linux_) {
            return offer(version_plain);
        }
        return end({"EPROTO", "it speaks neither 9P2000.L nor 9P2000"});
    }
    if (message->msize < least_msize_of_servers || message->msize > options_.msize) {
        return end(broken("Rversion with a size of messages that wasn't offered"));
    }
    dialect_ = linux ? Dialect::linux : Dialect::plain;
    msize_ = message->msize;
    reader_.set_most(msize_);
    state_ = State::ready;
    greeting_is_fresh_ = false;
    greeting_due_ = base::never;
    if (on_ready_) {
        on_ready_();
    }
}

void Exchange::on_answer(Tag tag, const Message& message) {
    if (tag >= slots_.size() || slots_[tag].serial == 0) {
        return end(broken(type_name(message.type) + " for a tag that nobody asked with"));
    }
    if (const char* wrong = what_is_wrong(slots_[tag].expected, message)) {
        return end(broken(type_name(message.type) + ": " + wrong));
    }
    const Slot slot = std::exchange(slots_[tag], Slot{});
    free_.push_back(tag);
    if (slot.expected.type == Type::tflush) {
        if (!slot.answer && slot.flushing) {
            --abandoned_;
        }
        return on_flushed(slot);
    }
    --(slot.answer ? in_flight_ : abandoned_);
    tell_fid(slot, exists_after(slot.expected, message));
    if (!slot.answer) {
        return;
    }
    if (is_error(message)) {
        slot.answer(error_in(message));
    } else {
        slot.answer(&message);
    }
}

void Exchange::on_flushed(const Slot& flush) {
    if (slot_of(flush.flush_of, flush.flush_of_serial) == nullptr) {
        return;  // it was answered before
    }
    const Slot slot = std::exchange(slots_[flush.flush_of], Slot{});
    free_.push_back(flush.flush_of);
    --(slot.answer ? in_flight_ : abandoned_);
    // A clunk or a remove that was flushed may have been done, or not.
    tell_fid(slot, ends_fid(slot.expected.type));
    if (slot.answer) {
        slot.answer(slot.timed_out ? error("ETIMEDOUT") : error("EINTR"));
    }
}

void Exchange::tell_fid(const Slot& slot, bool exists) {
    if (slot.expected.fid != no_fid && on_fid_) {
        on_fid_(slot.expected.fid, exists, static_cast<bool>(slot.answer));
    }
}

void Exchange::end(base::Error why) {
    if (state_ == State::ended) {
        return;
    }
    state_ = State::ended;
    why_ = std::move(why);
    out_.clear();
    fresh_.clear();
    due_.clear();
    flushes_.clear();
    greeting_is_fresh_ = false;
    greeting_due_ = base::never;
    std::vector<Slot> slots = std::exchange(slots_, {});
    free_.clear();
    in_flight_ = abandoned_ = 0;
    std::sort(slots.begin(), slots.end(),
              [](const Slot& a, const Slot& b) { return a.serial < b.serial; });
    for (Slot& slot : slots) {
        if (slot.answer) {
            slot.answer(base::Error{slot.start < taken_ ? "unanswered" : "not-sent", why_.detail});
        }
    }
}

void Exchange::on_deadline(base::Instant now) {
    if (greeting_due_ <= now) {
        return end({"ETIMEDOUT", "no answer to Tversion"});
    }
    while (!due_.empty() && due_.front().at <= now) {
        const Due due = std::exchange(due_.front(), {});
        due_.pop_front();
        if (Slot* slot = slot_of(due.tag, due.serial); slot != nullptr && !slot->flushing) {
            slot->timed_out = true;
            flush(due.tag);
        }
    }
    while (!flushes_.empty() && flushes_.front().at <= now) {
        const Due due = flushes_.front();
        flushes_.pop_front();
        give_up(due);
    }
    end_turn(now);
}

// A flush was not answered: whoever waits behind it waits no more.
void Exchange::give_up(Due due) {
    Slot* flush = slot_of(due.tag, due.serial);
    if (flush == nullptr) {
        return;
    }
    flush->flushing = true;  // which is abandoned as well
    ++abandoned_;
    Slot* slot = slot_of(flush->flush_of, flush->flush_of_serial);
    if (slot == nullptr) {
        return;
    }
    if (heard_ <= slot->since) {
        return end({"ETIMEDOUT", "it is silent"});
    }
    const bool timed_out = slot->timed_out;
    if (const Answer answer = std::exchange(slot->answer, nullptr)) {
        --in_flight_;
        ++abandoned_;
        answer(timed_out ? error("ETIMEDOUT") : error("EINTR"));
    }
    if (abandoned_ > options_.abandoned) {
        end({"ETIMEDOUT", "it leaves too many requests and flushes unanswered"});
    }
}

void Exchange::end_turn(base::Instant now) {
    for (Due& due : fresh_) {
        Slot* slot = slot_of(due.tag, due.serial);
        if (slot == nullptr) {
            continue;  // answered already
        }
        slot->since = now;
        const bool flush = slot->expected.type == Type::tflush;
        due.at = after(now, flush ? options_.flush_timeout : options_.request_timeout);
        if (due.at != base::never) {
            (flush ? flushes_ : due_).push_back(due);
        }
    }
    fresh_.clear();
    if (greeting_is_fresh_) {
        greeting_is_fresh_ = false;
        greeting_due_ = after(now, options_.greeting_timeout);
    }
    // What was answered meanwhile is due no more.
    for (std::deque<Due>* queue : {&due_, &flushes_}) {
        while (!queue->empty() && slot_of(queue->front().tag, queue->front().serial) == nullptr) {
            queue->pop_front();
        }
        if (queue->size() > 2 * slots_.size() + 64) {  // one waits long, thousands were behind it
            const auto answered = [this](const Due& due) {
                return slot_of(due.tag, due.serial) == nullptr;
            };
            queue->erase(std::remove_if(queue->begin(), queue->end(), answered), queue->end());
        }
    }
}

base::Instant Exchange::next_deadline() const {
    base::Instant next = greeting_due_;
    for (const std::deque<Due>* queue : {&due_, &flushes_}) {
        if (!queue->empty()) {
            next = std::min(next, queue->front().at);
        }
    }
    return next;
}

base::Bytes Exchange::take_output() {
    taken_ += out_.size();
    return std::exchange(out_, {});
}

}  // namespace jetway::ninep
